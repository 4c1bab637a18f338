import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Env } from '../../src/worker/env.ts';
import type { Fleet } from '../../src/worker/fleet.ts';
import { cleanFleet } from '../../src/worker/fleet-clusters.ts';
import { FLEET_MIGRATIONS } from '../../src/worker/fleet-migrations.ts';
import { openFleet } from '../../src/worker/open-fleet.ts';

const bindings = env as unknown as Env;
const inObject: Env = { ...bindings, STORAGE: bindings.STORAGE };
delete inObject.FLEET;

const record = (name: string, id: string) => ({ id, name, apiOnly: true, hostname: `${name}.test`, createdAt: 1 });

describe.each([
  ['D1', bindings],
  ['an object', inObject],
])('the fleet in %s', (where, at) => {
  let fleet: Fleet;

  beforeAll(async () => {
    fleet = openFleet(at) as Fleet;
    if (at.FLEET) {
      for (const { sql } of FLEET_MIGRATIONS) {
        for (const statement of sql.split('--> statement-breakpoint')) await at.FLEET.prepare(statement.trim()).run();
      }
    }
  });

  it('keeps clusters, and the id of a deleted one until it is forgotten', async () => {
    expect(Boolean(at.FLEET)).toBe(where === 'D1');
    const first = record('one', 'one.first.api');
    expect(await fleet.insert(first)).toBe('inserted');
    expect(await fleet.insert(record('one', 'one.second.api'))).toBe('NameTaken');
    expect(await fleet.insert({ ...record('two', 'two.api'), hostname: 'one.test' })).toBe('HostnameTaken');
    expect(await fleet.byName('one')).toEqual(first);
    expect(await fleet.byHostname(['x.test', 'one.test'])).toEqual(first);
    expect(await fleet.byName('none')).toBeNull();
    expect(await fleet.list({ limit: 5 })).toEqual([first]);
    expect(await fleet.takeTurn(1)).toEqual([first]);
    expect(await fleet.takeTurn(1)).toEqual([]);
    expect(await fleet.remove('one', 5)).toEqual(first);
    expect(await fleet.isDeleted(first.id)).toBe(true);
    expect(await fleet.deleted(5)).toEqual([{ id: first.id, deletedAt: 5 }]);
    await fleet.forget(first.id);
    expect(await fleet.isDeleted(first.id)).toBe(false);
  });
});

describe('the storage of a cluster', () => {
  const secretOf = (id: string) => bindings.STORAGE.getByName(`${id}/main`).secret('keys');
  const clock = (now: number) => ({ now: () => now, after: () => () => undefined });

  it('cannot be erased while the cluster exists, or when it was never made', async () => {
    const fleet = openFleet(bindings) as Fleet;
    await fleet.insert(record('live', 'live.id.api'));
    for (const id of ['live.id.api', 'default', 'unknown']) {
      const shard = bindings.STORAGE.getByName(`${id}/main`);
      await shard.putSecretOnce('keys', 'kept');
      const outcome = await shard.erase().then(
        () => 'erased',
        (error: Error) => error.message,
      );
      expect(outcome).toBe(`cluster ${id} was not deleted`);
      expect(await secretOf(id)).toBe('kept');
    }
  });

  it('goes with a deleted cluster, also what was written after the first time, and then its id', async () => {
    const fleet = openFleet(bindings) as Fleet;
    const id = 'dead.id.api';
    await fleet.insert(record('dead', id));
    await bindings.STORAGE.getByName(`${id}/main`).putSecretOnce('keys', 'old');
    await fleet.remove('dead', 1_000_000);
    await cleanFleet(bindings, fleet, clock(1_000_000));
    await expect.poll(() => secretOf(id).catch((error: unknown) => String(error))).toBeNull();
    expect(await fleet.isDeleted(id)).toBe(true);
    // An isolate that still believed in the cluster.
    await bindings.STORAGE.getByName(`${id}/main`).putSecretOnce('keys', 'late');
    await cleanFleet(bindings, fleet, clock(1_100_000));
    await expect.poll(() => secretOf(id).catch((error: unknown) => String(error))).toBeNull();
    expect(await fleet.isDeleted(id)).toBe(false);
  });
});
