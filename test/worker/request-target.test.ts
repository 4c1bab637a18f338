import { describe, expect, it } from 'vitest';
import { createClusterDirectory } from '../../src/worker/cluster-directory.ts';
import { isApiOnly, newClusterId } from '../../src/worker/cluster-id.ts';
import type { ClusterRecord, Fleet } from '../../src/worker/fleet.ts';
import { targetOf } from '../../src/worker/request-target.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { createSeededRandom } from '../support/seeded-random.ts';

/** A fleet in memory that counts its reads. */
function createFakeFleet(records: Partial<ClusterRecord>[]) {
  const all = records.map((record) => ({ id: '', name: '', apiOnly: false, hostname: null, createdAt: 0, ...record }));
  const fleet = {
    reads: 0,
    all,
    async byName(name: string) {
      fleet.reads++;
      return all.find((record) => record.name === name) ?? null;
    },
    async byHostname(hosts: string[]) {
      fleet.reads++;
      return all.find(({ hostname }) => hostname !== null && hosts.includes(hostname)) ?? null;
    },
  };
  return fleet as typeof fleet & Fleet;
}

const RECORDS = [
  { id: 'team-a.1', name: 'team-a' },
  { id: 'team-b.2', name: 'team-b', hostname: 'b.example.test' },
];

describe('the target of a request', () => {
  const ask = async (url: string, apiHosts: string | undefined, records = RECORDS) => {
    const directory = createClusterDirectory(createManualClock());
    return targetOf(new URL(url), { apiHosts, fleet: () => createFakeFleet(records), directory });
  };
  const api = (cluster: string, path: string) => expect.objectContaining({ to: 'api', cluster, path });
  const ingress = (cluster: string) => ({ to: 'ingress', cluster });

  it('is the API at its own hosts, whatever the path', async () => {
    const hosts = 'api.example.test, kube.example.test';
    expect(await ask('https://api.example.test/', hosts)).toEqual(api('default', '/'));
    expect(await ask('https://kube.example.test/api/v1', hosts)).toEqual(api('default', '/api/v1'));
    expect(await ask('https://app.example.test/api/v1', hosts)).toEqual(ingress('default'));
  });

  it('is a cluster of the fleet below its path, with the prefix taken off', async () => {
    expect(await ask('https://api.example.test/clusters/team-a/api/v1/pods?a=b', 'api.example.test')).toEqual({
      to: 'api',
      cluster: 'team-a.1',
      path: '/api/v1/pods',
      rewritten: 'https://api.example.test/api/v1/pods?a=b',
    });
    expect(await ask('https://api.example.test/clusters/default/api', 'api.example.test')).toEqual(
      api('default', '/api'),
    );
    expect(await ask('https://api.example.test/clusters/nope/api', 'api.example.test')).toEqual({
      to: 'nobody',
      name: 'nope',
    });
    expect(await ask('https://api.example.test/clusters/team-a.1/api', 'api.example.test')).toEqual(
      api('default', '/clusters/team-a.1/api'),
    );
  });

  it('is a cluster at its host name, and its edge below that', async () => {
    expect(await ask('https://b.example.test/apis', 'api.example.test')).toEqual(api('team-b.2', '/apis'));
    // There, other clusters cannot be reached by path.
    expect(await ask('https://b.example.test/clusters/team-a/apis', 'api.example.test')).toEqual(
      api('team-b.2', '/clusters/team-a/apis'),
    );
    expect(await ask('https://shop.b.example.test/', 'api.example.test')).toEqual(ingress('team-b.2'));
    expect(await ask('https://a.shop.b.example.test/api', 'api.example.test')).toEqual(ingress('team-b.2'));
    expect(await ask('https://example.test/', 'api.example.test')).toEqual(ingress('default'));
  });

  it('is the API at its paths on names of the platform when no host is set, and nowhere else', async () => {
    for (const path of ['/api', '/apis/apps/v1', '/healthz', '/openapi/v3', '/kedge/v1/join', '/clusters/team-a/api'])
      expect((await ask(`https://kedge.someone.workers.dev${path}`, undefined)).to, path).toBe('api');
    for (const path of ['/', '/apiary', '/shop'])
      expect((await ask(`https://kedge.someone.workers.dev${path}`, undefined)).to, path).toBe('ingress');
    expect((await ask('https://api.example.test/api', undefined)).to).toBe('ingress');
    expect((await ask('https://workers.dev.example.test/api', undefined)).to).toBe('ingress');
  });

  it('is the API everywhere when every host is its own, but for hosts of clusters', async () => {
    expect(await ask('https://127.0.0.1:6443/nothing', '*')).toEqual(api('default', '/nothing'));
    expect(await ask('https://[::1]:6443/nothing', '*')).toEqual(api('default', '/nothing'));
    expect(await ask('https://anything.test/', '*')).toEqual(api('default', '/'));
    expect(await ask('https://b.example.test/', '*')).toEqual(api('team-b.2', '/'));
  });

  it('needs no fleet for the default cluster', async () => {
    const directory = createClusterDirectory(createManualClock());
    const alone = { apiHosts: '*', fleet: () => undefined, directory };
    expect(await targetOf(new URL('https://127.0.0.1/api'), alone)).toEqual(api('default', '/api'));
    expect(await targetOf(new URL('https://127.0.0.1/clusters/x/api'), alone)).toEqual({ to: 'nobody', name: 'x' });
    const fleet = createFakeFleet(RECORDS);
    await targetOf(new URL('https://127.0.0.1/api'), { apiHosts: '*', fleet: () => fleet, directory });
    expect(fleet.reads).toBe(0);
  });
});

describe('the directory', () => {
  it('asks once in half a minute for a cluster, and once a second for one that is missing', async () => {
    const clock = createManualClock();
    const directory = createClusterDirectory(clock);
    const fleet = createFakeFleet(RECORDS);
    for (let i = 0; i < 5; i++) expect(await directory.byName(() => fleet, 'team-a')).toBe('team-a.1');
    expect(fleet.reads).toBe(1);
    clock.advance(30_000);
    await directory.byName(() => fleet, 'team-a');
    expect(fleet.reads).toBe(2);
    for (let i = 0; i < 5; i++) expect(await directory.byName(() => fleet, 'nope')).toBeUndefined();
    expect(fleet.reads).toBe(3);
    clock.advance(1_000);
    await directory.byName(() => fleet, 'nope');
    expect(fleet.reads).toBe(4);
  });

  it('knows of a change at once where the change was made', async () => {
    const directory = createClusterDirectory(createManualClock());
    const fleet = createFakeFleet(RECORDS);
    await directory.byName(() => fleet, 'team-a');
    fleet.all.splice(0, 1);
    directory.clear();
    expect(await directory.byName(() => fleet, 'team-a')).toBeUndefined();
  });
});

describe('ids of clusters', () => {
  it('differ between clusters of one name and tell which are only an API', () => {
    const random = createSeededRandom(1);
    const first = newClusterId(random, { name: 'team', apiOnly: false });
    const second = newClusterId(random, { name: 'team', apiOnly: true });
    expect(first).toMatch(/^team\.[a-z0-9]{10}$/);
    expect(second).not.toContain(first);
    const env = { KEDGE_API_ONLY: 'true' };
    expect([isApiOnly(env, first), isApiOnly(env, second), isApiOnly(env, 'default')]).toEqual([false, true, true]);
    // A name cannot pose as a mark: it has no dots.
    expect(isApiOnly({}, newClusterId(random, { name: 'api', apiOnly: false }))).toBe(false);
  });
});
