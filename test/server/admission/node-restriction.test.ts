import { describe, expect, it } from 'vitest';
import { createTestCluster, type TestCluster } from '../../support/cluster.ts';

const NS = '/api/v1/namespaces/default';
const node = { name: 'system:node:a', groups: ['system:nodes', 'system:authenticated'] };

async function clusterWithPod() {
  const cluster = await createTestCluster({ bootstrap: true });
  await cluster.send(`POST ${NS}/serviceaccounts`, { body: { metadata: { name: 'default' } } });
  const volumes = [
    { name: 't', projected: { sources: [{ serviceAccountToken: { audience: 'vault', path: 't' } }] } },
    { name: 'c', csi: { driver: 'csi.example.com' } },
  ];
  const spec = { nodeName: 'a', containers: [{ name: 'c', image: 'i' }], volumes };
  const pod = await cluster.send<{ metadata: { uid: string } }>(`POST ${NS}/pods`, {
    body: { metadata: { name: 'p' }, spec },
  });
  await cluster.send('POST /apis/storage.k8s.io/v1/csidrivers', {
    body: { metadata: { name: 'csi.example.com' }, spec: { tokenRequests: [{ audience: 'storage' }] } },
  });
  return { cluster, uid: pod.body.metadata.uid };
}

const mint = async (cluster: TestCluster, uid: string, audiences: string[]) => {
  const spec = { audiences, boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'p', uid } };
  return (await cluster.send(`POST ${NS}/serviceaccounts/default/token`, { body: { spec }, as: node })).status;
};

describe('a node that asks for tokens', () => {
  it('gets those its pods and their drivers ask for, and no others', async () => {
    const { cluster, uid } = await clusterWithPod();
    expect(await mint(cluster, uid, [])).toBe(201);
    expect(await mint(cluster, uid, ['vault'])).toBe(201);
    expect(await mint(cluster, uid, ['storage'])).toBe(201);
    expect(await mint(cluster, uid, ['bank'])).toBe(403);
    expect(await mint(cluster, uid, ['vault', 'storage'])).toBe(403);
    expect(await mint(cluster, 'another-uid', ['vault'])).toBe(403);
  });
});
