import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/machinery/meta.ts';
import { createTestCluster } from '../support/cluster.ts';

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
const WRITTEN = '2026-01-01T00:00:00.000000Z';

interface Lease extends KubeObject {
  spec: { renewTime: string };
}

describe('leases of nodes', () => {
  it('say when a node with a tunnel was last heard of, and are not written for it', async () => {
    const seen = Date.parse('2026-01-01T00:05:00.250Z');
    let asked = 0;
    const cluster = await createTestCluster({
      nodes: {
        fetch: async () => new Response(),
        lastSeen: async (names) => {
          asked++;
          return new Map(names.filter((name) => name === 'connected').map((name) => [name, seen]));
        },
      },
    });
    await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'kube-node-lease' } } });
    for (const name of ['connected', 'distant'])
      await cluster.send(`POST ${LEASES}`, { body: { metadata: { name }, spec: { renewTime: WRITTEN } } });
    const one = await cluster.send<Lease>(`GET ${LEASES}/connected`);
    expect(one.body.spec.renewTime).toBe('2026-01-01T00:05:00.250000Z');
    const { body } = await cluster.send<{ items: Lease[] } & KubeObject>(`GET ${LEASES}`);
    expect(body.items.map(({ spec }) => spec.renewTime)).toEqual(['2026-01-01T00:05:00.250000Z', WRITTEN]);
    expect(body.items[0]?.metadata.resourceVersion).toBe(one.body.metadata.resourceVersion);
    expect(body.items[0]?.kind).toBeUndefined();
    expect(asked).toBe(2);
    await cluster.send(`GET ${LEASES}`);
    expect(asked).toBe(2);
  });
});
