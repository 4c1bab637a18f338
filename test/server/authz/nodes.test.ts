import { describe, expect, it } from 'vitest';
import { createTestCluster, type TestCluster } from '../../support/cluster.ts';

const NS = '/api/v1/namespaces/default';
const node = (name: string) => ({ name: `system:node:${name}`, groups: ['system:nodes', 'system:authenticated'] });
const get = async (cluster: TestCluster, name: string, path: string) =>
  (await cluster.send(`GET ${path}`, { as: node(name) })).status;

async function clusterWithPod(): Promise<TestCluster> {
  const cluster = await createTestCluster({ bootstrap: true });
  await cluster.send(`POST ${NS}/serviceaccounts`, { body: { metadata: { name: 'default' } } });
  for (const name of ['mine', 'other']) await cluster.send(`POST ${NS}/secrets`, { body: { metadata: { name } } });
  const spec = {
    nodeName: 'a',
    automountServiceAccountToken: false,
    containers: [{ name: 'c', image: 'i', envFrom: [{ secretRef: { name: 'mine' } }] }],
  };
  await cluster.send(`POST ${NS}/pods`, { body: { metadata: { name: 'p' }, spec } });
  return cluster;
}

describe('the node authorizer', () => {
  it('opens what the pods of a node refer to, to that node alone', async () => {
    const cluster = await clusterWithPod();
    expect(await get(cluster, 'a', `${NS}/secrets/mine`)).toBe(200);
    expect(await get(cluster, 'a', `${NS}/secrets/other`)).toBe(403);
    expect(await get(cluster, 'b', `${NS}/secrets/mine`)).toBe(403);
    expect(await get(cluster, 'a', `${NS}/pods/p`)).toBe(200);
    expect(await get(cluster, 'b', `${NS}/pods/p`)).toBe(403);
    expect(await get(cluster, 'a', `${NS}/serviceaccounts/default`)).toBe(200);
  });

  it('sees a pod that was bound a moment ago, and forgets one that went', async () => {
    const cluster = await clusterWithPod();
    expect(await get(cluster, 'b', `${NS}/secrets/other`)).toBe(403);
    const volumes = [{ name: 'v', secret: { secretName: 'other' } }];
    const spec = {
      nodeName: 'b',
      automountServiceAccountToken: false,
      volumes,
      containers: [{ name: 'c', image: 'i' }],
    };
    await cluster.send(`POST ${NS}/pods`, { body: { metadata: { name: 'q' }, spec } });
    cluster.clock.advance(200);
    expect(await get(cluster, 'b', `${NS}/secrets/other`)).toBe(200);
    await cluster.send(`DELETE ${NS}/pods/q?gracePeriodSeconds=0`);
    cluster.clock.advance(5_000);
    expect(await get(cluster, 'b', `${NS}/secrets/other`)).toBe(403);
  });

  it('opens nothing through a mirror pod, which the node writes itself', async () => {
    const cluster = await clusterWithPod();
    const own = await cluster.send<{ metadata: { uid: string } }>('POST /api/v1/nodes', {
      body: { metadata: { name: 'b' } },
    });
    const ownerReferences = [
      { apiVersion: 'v1', kind: 'Node', name: 'b', uid: own.body.metadata.uid, controller: true },
    ];
    const metadata = { name: 'm', ownerReferences, annotations: { 'kubernetes.io/config.mirror': 'x' } };
    const spec = {
      nodeName: 'b',
      containers: [{ name: 'c', image: 'i', envFrom: [{ secretRef: { name: 'other' } }] }],
    };
    const refused = await cluster.send(`POST ${NS}/pods`, { body: { metadata, spec }, as: node('b') });
    expect(refused.status).toBe(403);
    expect(await get(cluster, 'b', `${NS}/secrets/other`)).toBe(403);
  });
});
