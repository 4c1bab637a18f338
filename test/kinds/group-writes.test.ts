/** What a real server answered to writes and deletions whose rules differ by kind. */
import { beforeAll, describe, expect, it } from 'vitest';
import { createTestCluster, type TestCluster } from '../support/cluster.ts';

interface Reply {
  metadata: { name?: string; managedFields?: { fieldsV1: Record<string, unknown> }[] };
  message?: string;
  details?: { causes?: { field: string }[] };
}

let cluster: TestCluster;

const send = async (request: string, body?: object, type?: string): Promise<Reply> =>
  (await cluster.send<Reply>(request, { ...(body ? { body } : {}), ...(type ? { type } : {}) })).body;

beforeAll(async () => {
  cluster = await createTestCluster();
  await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'n' } } });
});

describe('writes and deletions', () => {
  it('of a scale part others from the replicas, even when they change nothing', async () => {
    const sets = '/apis/apps/v1/namespaces/n/replicasets';
    const labels = { a: 'b' };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    await send(`POST ${sets}`, { metadata: { name: 'r' }, spec: { selector: { matchLabels: labels }, template } });
    await send(`PATCH ${sets}/r/scale`, { spec: { replicas: 1 } }, 'application/merge-patch+json');
    const { metadata } = await send(`GET ${sets}/r`);
    const owned = metadata.managedFields?.map(({ fieldsV1 }) => Object.keys(fieldsV1['f:spec'] as object));
    expect(owned).toEqual([['f:replicas'], ['f:selector', 'f:template']]);
  });

  it('of what an update would make compare the identity before all else', async () => {
    const { message } = await send('PUT /apis/rbac.authorization.k8s.io/v1/namespaces/n/roles/absent', {
      metadata: { name: 'absent', uid: 'u' },
    });
    expect(message).toContain('Key: /registry/roles/n/absent, ResourceVersion: 0');
    expect(message).toMatch(/Precondition failed: UID in precondition: u, UID in object meta: $/);
  });

  it.each([
    ['networking.k8s.io/v1/ipaddresses', { parentRef: { resource: 'a', name: 'b' } }, ['generateName', 'name']],
    ['resource.k8s.io/v1/deviceclasses', {}, ['name']],
    ['storage.k8s.io/v1/csidrivers', {}, ['generateName', 'name']],
  ])('of %s check the base of a name as its kind does', async (path, spec, fields) => {
    const { details } = await send(`POST /apis/${path}`, { metadata: { generateName: 'G_' }, spec });
    expect(details?.causes?.map(({ field }) => field)).toEqual(fields.map((field) => `metadata.${field}`));
  });

  it('of addresses take the base of a name for the name', async () => {
    const parentRef = { resource: 'a', name: 'b' };
    const metadata = { generateName: '10.1.2.3' };
    const made = await send('POST /apis/networking.k8s.io/v1/ipaddresses', { metadata, spec: { parentRef } });
    expect(made.metadata.name).toBe('10.1.2.3');
  });

  it('of events leave nothing behind, whatever the policy', async () => {
    const path = '/apis/events.k8s.io/v1/namespaces/n/events';
    const regarding = { kind: 'Pod', namespace: 'n', name: 'p' };
    const reporting = { reportingController: 'a.com/c', reportingInstance: 'i' };
    const event = { ...reporting, regarding, eventTime: '2024-01-01T00:00:00.000000Z', action: 'A', reason: 'R' };
    await send(`POST ${path}`, { metadata: { name: 'e' }, type: 'Normal', ...event });
    await send(`DELETE ${path}/e`, { propagationPolicy: 'Orphan' });
    expect(await send(`GET ${path}/e`)).toMatchObject({ code: 404 });
  });
});
