import { expect, test } from 'vitest';
import { createControllers } from '../../src/controllers/index.ts';
import {
  type ClusterRole,
  type ConfigMap,
  clusterRoles,
  configMaps,
  type Deployment,
  deployments,
  type EndpointSlice,
  type Endpoints,
  endpointSlices,
  endpoints,
  type Namespace,
  namespaces,
  type Pod,
  pods,
  type ReplicaSet,
  replicaSets,
  type Service,
  serviceAccounts,
  services,
} from '../../src/kinds/index.ts';
import { createControlledCluster } from './controlled-cluster.ts';
import { createSimulatedNode } from './simulated-node.ts';

async function setUp() {
  const cluster = await createControlledCluster({ controllers: createControllers, caCertificate: 'CA of the test' });
  const node = createSimulatedNode(cluster.admin, cluster.clock);
  const rest = async () => {
    do await cluster.settle();
    while (await node.step());
  };
  cluster.tunnels.add('node-1');
  await node.join();
  await rest();
  return { ...cluster, node, rest };
}

const template = (app: string) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'c', image: 'web:1', ports: [{ name: 'http', containerPort: 8080 }] }] },
});

function deployment(namespace: string, name: string): Deployment {
  const spec = { replicas: 2, selector: { matchLabels: { app: name } }, template: template(name) };
  return { metadata: { name, namespace, labels: { app: name } }, spec };
}

test('a namespace gets its default service account and the CA, also again when they are deleted', async () => {
  const { admin, rest } = await setUp();
  await admin.create<Namespace>(namespaces, { metadata: { name: 'team' }, spec: {} });
  await rest();
  const ca = await admin.get<ConfigMap>(configMaps, { namespace: 'team', name: 'kube-root-ca.crt' });
  expect(ca.data).toEqual({ 'ca.crt': 'CA of the test' });
  await admin.delete(serviceAccounts, { namespace: 'team', name: 'default' });
  await admin.patch(configMaps, { namespace: 'team', name: 'kube-root-ca.crt' }, { data: { 'ca.crt': 'forged' } });
  await rest();
  expect(await admin.find(serviceAccounts, { namespace: 'team', name: 'default' })).toBeDefined();
  const mended = await admin.get<ConfigMap>(configMaps, { namespace: 'team', name: 'kube-root-ca.crt' });
  expect(mended.data).toEqual({ 'ca.crt': 'CA of the test' });
});

test('a deleted namespace goes with all its content, pods first', async () => {
  const { admin, rest, settle, pass } = await setUp();
  await admin.create<Namespace>(namespaces, { metadata: { name: 'team' }, spec: {} });
  await rest();
  await admin.create(deployments, deployment('team', 'web'));
  await admin.create<ConfigMap>(configMaps, {
    metadata: { name: 'kept', namespace: 'team', finalizers: ['example.com/hold'] },
  });
  await rest();
  await admin.delete(namespaces, { name: 'team' });
  await settle();
  const waiting = await admin.get<Namespace>(namespaces, { name: 'team' });
  expect(waiting.status?.phase).toBe('Terminating');
  expect(waiting.status?.conditions?.find(({ type }) => type === 'NamespaceContentRemaining')).toMatchObject({
    status: 'True',
    reason: 'SomeResourcesRemain',
    message: 'Some resources are remaining: pods has 2 resource instances',
  });
  await rest();
  await pass(60_000);
  const held = await admin.get<Namespace>(namespaces, { name: 'team' });
  expect(held.status?.conditions?.find(({ type }) => type === 'NamespaceFinalizersRemaining')?.message).toBe(
    'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
  );
  await admin.patch(configMaps, { namespace: 'team', name: 'kept' }, { metadata: { finalizers: null } });
  await rest();
  expect(await admin.find(namespaces, { name: 'team' })).toBeUndefined();
});

test('endpoints follow pods through readiness and deletion', async () => {
  const { admin, rest, settle, node } = await setUp();
  const service: Service = {
    metadata: { name: 'web', namespace: 'default' },
    spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
  };
  await admin.create(services, service);
  await settle();
  const empty = (await admin.list<EndpointSlice>(endpointSlices, { labelSelector: 'kubernetes.io/service-name=web' }))
    .items;
  expect(empty.map((slice) => slice.endpoints ?? [])).toEqual([[]]);
  await admin.create(deployments, deployment('default', 'web'));
  await rest();
  const [slice, ...others] = (
    await admin.list<EndpointSlice>(endpointSlices, { labelSelector: 'kubernetes.io/service-name=web' })
  ).items;
  expect(others).toEqual([]);
  expect(slice?.metadata.name).toBe(empty[0]?.metadata.name);
  expect(slice?.ports).toMatchObject([{ name: 'http', port: 8080, protocol: 'TCP' }]);
  expect(slice?.endpoints?.map(({ conditions, nodeName }) => [conditions, nodeName])).toEqual(
    Array.from({ length: 2 }, () => [{ ready: true, serving: true, terminating: false }, 'node-1']),
  );
  const legacy = await admin.get<Endpoints>(endpoints, { namespace: 'default', name: 'web' });
  expect(legacy.subsets?.[0]?.addresses).toHaveLength(2);
  expect(legacy.subsets?.[0]?.ports).toEqual([{ name: 'http', port: 8080, protocol: 'TCP' }]);
  node.ready = () => false;
  await rest();
  const sick = await admin.get<Endpoints>(endpoints, { namespace: 'default', name: 'web' });
  expect(sick.subsets?.[0]?.notReadyAddresses).toHaveLength(2);
  await admin.delete(services, { namespace: 'default', name: 'web' });
  await rest();
  expect(await admin.find(endpoints, { namespace: 'default', name: 'web' })).toBeUndefined();
  expect((await admin.list(endpointSlices, { labelSelector: 'kubernetes.io/service-name=web' })).items).toEqual([]);
});

test.each([['Background'], ['Foreground']] as const)(
  'deleting a deployment (%s) deletes its ReplicaSets and pods',
  async (propagationPolicy) => {
    const { admin, rest, queue, alarmAt } = await setUp();
    await admin.create(deployments, deployment('default', 'web'));
    await rest();
    await admin.delete(deployments, { namespace: 'default', name: 'web' }, { propagationPolicy });
    await rest();
    expect((await admin.list(pods)).items).toEqual([]);
    expect((await admin.list(replicaSets)).items).toEqual([]);
    expect(await admin.find(deployments, { namespace: 'default', name: 'web' })).toBeUndefined();
    expect([...queue.rows.values()]).toEqual([]);
    expect(alarmAt()).toBeNull();
  },
);

test('deleting a deployment as Orphan leaves its ReplicaSet, which a new one adopts', async () => {
  const { admin, rest } = await setUp();
  await admin.create(deployments, deployment('default', 'web'));
  await rest();
  await admin.delete(deployments, { namespace: 'default', name: 'web' }, { propagationPolicy: 'Orphan' });
  await rest();
  const [orphan] = (await admin.list<ReplicaSet>(replicaSets)).items;
  expect(orphan?.metadata.ownerReferences ?? []).toEqual([]);
  const before = (await admin.list<Pod>(pods)).items.map(({ metadata }) => metadata.uid).sort();
  const created = await admin.create(deployments, deployment('default', 'web'));
  await rest();
  const [adopted] = (await admin.list<ReplicaSet>(replicaSets)).items;
  expect(adopted?.metadata.ownerReferences?.[0]?.uid).toBe(created.metadata.uid);
  expect((await admin.list<Pod>(pods)).items.map(({ metadata }) => metadata.uid).sort()).toEqual(before);
});

test('an object whose owner never existed is collected', async () => {
  const { admin, rest } = await setUp();
  const ownerReferences = [
    { apiVersion: 'apps/v1', kind: 'Deployment', name: 'ghost', uid: '6d3f0a5e-0000-4000-8000-000000000000' },
  ];
  await admin.create<ConfigMap>(configMaps, { metadata: { name: 'left', namespace: 'default', ownerReferences } });
  await rest();
  expect(await admin.find(configMaps, { namespace: 'default', name: 'left' })).toBeUndefined();
});

test('a pod relabelled away from its ReplicaSet is released and replaced, and taken back when there is room', async () => {
  const { admin, rest } = await setUp();
  // A ReplicaSet of its own: behind a Deployment it would hear of the room after it heard of the pod.
  await admin.create<ReplicaSet>(replicaSets, deployment('default', 'web') as ReplicaSet);
  await rest();
  const [pod] = (await admin.list<Pod>(pods)).items;
  const key = { namespace: 'default', name: pod?.metadata.name ?? '' };
  await admin.patch(pods, key, { metadata: { labels: { app: 'other' } } });
  await rest();
  expect((await admin.get<Pod>(pods, key)).metadata.ownerReferences ?? []).toEqual([]);
  expect((await admin.list(pods, { labelSelector: 'app=web' })).items).toHaveLength(2);
  await admin.patch(replicaSets, { namespace: 'default', name: 'web' }, { spec: { replicas: 3 } });
  await admin.patch(pods, key, { metadata: { labels: { app: 'web' } } });
  await rest();
  expect((await admin.get<Pod>(pods, key)).metadata.ownerReferences?.[0]?.kind).toBe('ReplicaSet');
  expect((await admin.list(pods)).items).toHaveLength(3);
});

test('aggregated cluster roles have the rules of the roles that they select', async () => {
  const { admin, rest } = await setUp();
  const view = await admin.get<ClusterRole>(clusterRoles, { name: 'view' });
  expect(view.rules?.length).toBeGreaterThan(5);
  const labels = { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' };
  const rules = [{ apiGroups: ['example.com'], resources: ['things'], verbs: ['get'] }];
  await admin.create<ClusterRole>(clusterRoles, { metadata: { name: 'view-things', labels }, rules });
  await rest();
  for (const name of ['view', 'edit', 'admin']) {
    const role = await admin.get<ClusterRole>(clusterRoles, { name });
    expect(role.rules).toContainEqual(rules[0]);
  }
});
