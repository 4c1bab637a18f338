/** What is in use stays, what nobody uses goes. */
import { beforeEach, expect, test } from 'vitest';
import { createControllers } from '../../src/controllers/index.ts';
import { usesClaim } from '../../src/controllers/pvc-protection/index.ts';
import {
  namespaces,
  type PersistentVolumeClaim,
  type Pod,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  volumeAttributesClasses,
} from '../../src/kinds/index.ts';
import { type ControlledCluster, createControlledCluster } from './controlled-cluster.ts';

const NAMESPACE = 'volumes';
const claimOf = (name: string, more = {}): PersistentVolumeClaim => ({
  metadata: { name, namespace: NAMESPACE },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...more },
});

let cluster: ControlledCluster;

beforeEach(async () => {
  cluster = await createControlledCluster({ controllers: createControllers });
  await cluster.admin.create(namespaces, { metadata: { name: NAMESPACE }, spec: {} });
  await cluster.settle();
});

function podOf(name: string, claim: string, nodeName = 'n'): Pod {
  const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: claim } }];
  return {
    metadata: { name, namespace: NAMESPACE },
    spec: { nodeName, containers: [{ name: 'c', image: 'c' }], volumes } as Pod['spec'],
  };
}

test('a claim goes when the last pod that uses it has gone', async () => {
  const { admin } = cluster;
  await admin.create(persistentVolumeClaims, claimOf('used'));
  await admin.create(persistentVolumeClaims, claimOf('free'));
  await admin.create(pods, podOf('user', 'used'));
  await cluster.settle();
  for (const name of ['used', 'free']) await admin.delete(persistentVolumeClaims, { namespace: NAMESPACE, name });
  await cluster.settle();
  const left = await admin.list(persistentVolumeClaims, { namespace: NAMESPACE });
  expect(left.items.map(({ metadata }) => metadata.name)).toEqual(['used']);
  await admin.delete(pods, { namespace: NAMESPACE, name: 'user' }, { gracePeriodSeconds: 0 });
  await cluster.settle();
  expect((await admin.list(persistentVolumeClaims, { namespace: NAMESPACE })).items).toEqual([]);
});

test('a namespace with claims goes', async () => {
  const { admin } = cluster;
  await admin.create(persistentVolumeClaims, claimOf('a'));
  await admin.create(pods, podOf('user', 'a', ''));
  await cluster.settle();
  await admin.delete(namespaces, { name: NAMESPACE });
  await cluster.pass(60_000);
  expect(await admin.find(namespaces, { name: NAMESPACE })).toBeUndefined();
});

test('a volume stays while it is bound', async () => {
  const { admin } = cluster;
  const spec = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/v' } };
  const volume = await admin.create(persistentVolumes, { metadata: { name: 'v' }, spec });
  const status = { phase: 'Bound' };
  const bound = await admin.update(persistentVolumes, { ...volume, status }, { subresource: 'status' });
  await admin.delete(persistentVolumes, { name: 'v' });
  await cluster.settle();
  const kept = await admin.get(persistentVolumes, { name: 'v' });
  expect(kept.metadata.uid).toBe(bound.metadata.uid);
  await admin.update(persistentVolumes, { ...kept, status: { phase: 'Released' } }, { subresource: 'status' });
  await cluster.settle();
  expect(await admin.find(persistentVolumes, { name: 'v' })).toBeUndefined();
});

test('a class of volume attributes stays while a claim names it', async () => {
  const { admin } = cluster;
  const body = { metadata: { name: 'gold' }, driverName: 'csi.example.org', parameters: { iops: '5' } };
  await admin.create(volumeAttributesClasses, body);
  await admin.create(persistentVolumeClaims, claimOf('a', { volumeAttributesClassName: 'gold' }));
  await admin.delete(volumeAttributesClasses, { name: 'gold' });
  await cluster.settle();
  expect(await admin.find(volumeAttributesClasses, { name: 'gold' })).toBeDefined();
  await admin.delete(persistentVolumeClaims, { namespace: NAMESPACE, name: 'a' });
  await cluster.settle();
  expect(await admin.find(volumeAttributesClasses, { name: 'gold' })).toBeUndefined();
});

test.each<[string, Partial<Pod>, boolean]>([
  ['a pod without a node', { spec: { ...podOf('p', 'c').spec, nodeName: '' } as Pod['spec'] }, false],
  ['a pod that has ended', { status: { phase: 'Succeeded' } }, true],
  ['a pod of another claim', { spec: podOf('p', 'd').spec }, false],
])('the use of a claim by %s', (_, more, used) => {
  expect(usesClaim({ ...podOf('p', 'c'), ...more }, claimOf('c'))).toBe(used);
});

test('a claim that was made for a pod is used until the pod is shut down', () => {
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true }];
  const claim = { ...claimOf('p-v'), metadata: { ...claimOf('p-v').metadata, ownerReferences } };
  const spec = { ...podOf('p', '').spec, volumes: [{ name: 'v', ephemeral: {} }] } as Pod['spec'];
  const shut = { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0 };
  expect(usesClaim({ metadata: { name: 'p', uid: 'u' }, spec }, claim)).toBe(true);
  expect(usesClaim({ metadata: { name: 'p', uid: 'other' }, spec }, claim)).toBe(false);
  expect(usesClaim({ metadata: { name: 'p', uid: 'u', ...shut }, spec }, claim)).toBe(false);
});
