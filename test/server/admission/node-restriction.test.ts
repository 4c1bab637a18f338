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

it('looks for the audiences of a pod behind its claims, and tells what is missing on the way', async () => {
  const { cluster } = await clusterWithPod();
  const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, volumeName: 'v' };
  await cluster.send(`POST ${NS}/persistentvolumeclaims`, { body: { metadata: { name: 'c' }, spec: claim } });
  const volume = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'] };
  const csi = { driver: 'csi.example.com', volumeHandle: 'h' };
  const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }];
  const spec = { nodeName: 'a', automountServiceAccountToken: false, volumes, containers: [{ name: 'c', image: 'i' }] };
  const pod = await cluster.send<{ metadata: { uid: string } }>(`POST ${NS}/pods`, {
    body: { metadata: { name: 'q' }, spec },
  });
  const ask = async (audience: string) => {
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: 'q', uid: pod.body.metadata.uid };
    const body = { spec: { audiences: [audience], boundObjectRef } };
    const path = `POST ${NS}/serviceaccounts/default/token`;
    return (await cluster.send<{ message?: string }>(path, { body, as: node })).body.message;
  };
  const refused = 'serviceaccounts "default" is forbidden: ';
  expect(await ask('storage')).toBe(`${refused}error validating audience "storage": persistentvolume "v" not found`);
  await cluster.send('POST /api/v1/persistentvolumes', { body: { metadata: { name: 'v' }, spec: { ...volume, csi } } });
  expect(await ask('storage')).toBeUndefined();
  expect(await ask('bank')).toBe(
    `${refused}audience "bank" not found in pod spec volume, system:node:a is not authorized to request tokens for this audience`,
  );
});

const CLAIM = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };

describe('what a node may write', () => {
  const owner = { apiVersion: 'v1', kind: 'Node', name: 'a', controller: true };
  const mirror = (uid: string, spec: object) => ({
    metadata: {
      name: 'm',
      annotations: { 'kubernetes.io/config.mirror': 'x' },
      ownerReferences: [{ ...owner, uid }],
    },
    spec: { nodeName: 'a', containers: [{ name: 'c', image: 'i' }], ...spec },
  });

  it.each([
    [{ hostPath: { path: '/x' } }, undefined],
    [{ configMap: { name: 'x' } }, 'configmaps'],
    [{ csi: { driver: 'd.io' } }, 'csidrivers (via CSI volumes)'],
    [{ glusterfs: { endpoints: 'e', path: 'p' } }, 'endpoints (via glusterFS volumes)'],
    [{ ephemeral: { volumeClaimTemplate: { spec: CLAIM } } }, 'persistentvolumeclaims (via ephemeral volumes)'],
    [{ projected: { sources: [{ clusterTrustBundle: { name: 'b', path: 'p' } }] } }, 'clustertrustbundles'],
  ])('refuses a mirror pod by what its volume %j refers to', async (source, what) => {
    const cluster = await createTestCluster({ bootstrap: true });
    const own = await cluster.send<{ metadata: { uid: string } }>('POST /api/v1/nodes', {
      body: { metadata: { name: 'a' } },
    });
    const body = mirror(own.body.metadata.uid, { volumes: [{ name: 'v', ...source }] });
    const answer = await cluster.send<{ message?: string }>(`POST ${NS}/pods`, { body, as: node });
    const refused = `pods "m" is forbidden: node "a" can not create pods that reference ${what}`;
    expect(answer.body.message).toBe(what === undefined ? undefined : refused);
  });

  it('tells what besides its growth a node wants to change of a claim', async () => {
    const cluster = await createTestCluster({ bootstrap: true });
    await cluster.send(`POST ${NS}/serviceaccounts`, { body: { metadata: { name: 'default' } } });
    await cluster.send(`POST ${NS}/persistentvolumeclaims`, { body: { metadata: { name: 'c' }, spec: CLAIM } });
    const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }];
    const spec = { nodeName: 'a', volumes, containers: [{ name: 'c', image: 'i' }] };
    await cluster.send(`POST ${NS}/pods`, { body: { metadata: { name: 'p' }, spec } });
    const report = (status: object) =>
      cluster.send<{ message?: string }>(`PATCH ${NS}/persistentvolumeclaims/c/status`, {
        body: { status },
        type: 'application/merge-patch+json',
        as: node,
      });
    expect((await report({ capacity: { storage: '1Gi' } })).status).toBe(200);
    const refused = await report({ phase: 'Lost' });
    expect(refused.body.message).toContain('-  "Phase": "Pending",\n+  "Phase": "Lost",');
  });
});
