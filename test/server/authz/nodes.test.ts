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

  it('knows a volume by the claim it refers to, and slices and attachments by their node', async () => {
    const cluster = await clusterWithPod();
    const volume = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' } };
    const claimRef = { namespace: 'default', name: 'c' };
    for (const [name, spec] of Object.entries({ free: volume, claimed: { ...volume, claimRef } }))
      await cluster.send('POST /api/v1/persistentvolumes', { body: { metadata: { name }, spec } });
    const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }];
    const spec = {
      nodeName: 'a',
      automountServiceAccountToken: false,
      volumes,
      containers: [{ name: 'c', image: 'i' }],
    };
    await cluster.send(`POST ${NS}/pods`, { body: { metadata: { name: 'q' }, spec } });
    const slice = { driver: 'd.io', pool: { name: 'p', generation: 1, resourceSliceCount: 1 }, nodeName: 'a' };
    await cluster.send('POST /apis/resource.k8s.io/v1/resourceslices', {
      body: { metadata: { name: 's' }, spec: slice },
    });
    const attachment = { attacher: 'd.io', nodeName: 'a', source: { persistentVolumeName: 'claimed' } };
    await cluster.send('POST /apis/storage.k8s.io/v1/volumeattachments', {
      body: { metadata: { name: 'at' }, spec: attachment },
    });
    expect(await get(cluster, 'a', '/api/v1/persistentvolumes/claimed')).toBe(200);
    expect(await get(cluster, 'a', '/api/v1/persistentvolumes/free')).toBe(403);
    expect(await get(cluster, 'b', '/api/v1/persistentvolumes/claimed')).toBe(403);
    for (const path of ['resource.k8s.io/v1/resourceslices/s', 'storage.k8s.io/v1/volumeattachments/at']) {
      expect(await get(cluster, 'a', `/apis/${path}`)).toBe(200);
      expect(await get(cluster, 'b', `/apis/${path}`)).toBe(403);
    }
  });

  it('lists the slices of its node, and keeps its rights when somebody changes the role of nodes', async () => {
    const cluster = await clusterWithPod();
    const slices = '/apis/resource.k8s.io/v1/resourceslices?fieldSelector=spec.nodeName=';
    expect(await get(cluster, 'a', `${slices}a`)).toBe(200);
    expect(await get(cluster, 'a', `${slices}b`)).toBe(403);
    await cluster.send('DELETE /apis/rbac.authorization.k8s.io/v1/clusterroles/system:node');
    expect(await get(cluster, 'a', '/api/v1/services')).toBe(200);
  });
});
