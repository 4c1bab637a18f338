import { expect, test } from 'vitest';
import { createControllers, tunnelKey } from '../../src/controllers/index.ts';
import { deployments, type Node, nodes, type Pod, pods } from '../../src/kinds/index.ts';
import { createControlledCluster } from './controlled-cluster.ts';
import { createSimulatedNode } from './simulated-node.ts';

async function setUp(names: string[]) {
  const cluster = await createControlledCluster({ controllers: createControllers });
  const simulated = names.map((name) => createSimulatedNode(cluster.admin, cluster.clock, name));
  for (const [i, node] of simulated.entries()) {
    cluster.tunnels.add(names[i] ?? '');
    await node.join();
  }
  await cluster.settle();
  const lose = async (name: string) => {
    cluster.tunnels.delete(name);
    void cluster.host().enqueue('node-lifecycle-controller', tunnelKey(name));
    await cluster.settle();
  };
  const node = (name: string) => cluster.admin.get<Node>(nodes, { name });
  const condition = async (name: string) => (await node(name)).status?.conditions?.find(({ type }) => type === 'Ready');
  const taints = async (name: string) =>
    (await node(name)).spec?.taints?.map(({ key, effect }) => `${key}:${effect}`).sort();
  const rest = async (...only: number[]) => {
    do await cluster.settle();
    while (await simulated[only[0] ?? 0]?.step());
  };
  return { ...cluster, lose, node, condition, taints, rest, simulated };
}

const workload = {
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'web:1' }] } },
  },
};

test('nodes get networks of their own from the pod range', async () => {
  const { node } = await setUp(['a', 'b']);
  expect([(await node('a')).spec?.podCIDR, (await node('b')).spec?.podCIDR]).toEqual([
    '10.244.0.0/24',
    '10.244.1.0/24',
  ]);
});

test('a healthy cluster with tunnels has no alarm and no row, however long it rests', async () => {
  const { pass, queue, alarmAt, writes } = await setUp(['a', 'b']);
  expect(alarmAt()).toBeNull();
  writes();
  queue.writes = 0;
  await pass(3_600_000);
  expect([queue.writes, queue.rows.size, writes()]).toEqual([0, 0, []]);
});

test('a node whose tunnel closed is not ready after the grace, and its pods are replaced after theirs', async () => {
  const { admin, pass, lose, condition, taints, rest, simulated } = await setUp(['a', 'b']);
  await admin.create(deployments, workload);
  await rest(0);
  await pass(600_000);
  await lose('a');
  await pass(45_000);
  expect((await condition('a'))?.status).toBe('True');
  await pass(15_000);
  expect(await condition('a')).toMatchObject({ status: 'Unknown', reason: 'NodeStatusUnknown' });
  expect(await taints('a')).toEqual([
    'node.kubernetes.io/unreachable:NoExecute',
    'node.kubernetes.io/unreachable:NoSchedule',
  ]);
  const unready = (await admin.list<Pod>(pods)).items;
  expect(unready.map(({ status }) => status?.conditions?.find(({ type }) => type === 'Ready')?.status)).toEqual([
    'False',
    'False',
  ]);
  await pass(290_000);
  expect((await admin.list<Pod>(pods)).items.filter(({ metadata }) => metadata.deletionTimestamp)).toEqual([]);
  await pass(15_000);
  const all = (await admin.list<Pod>(pods)).items;
  const going = all.filter(({ metadata }) => metadata.deletionTimestamp);
  expect([all.length, going.length]).toEqual([4, 2]);
  expect(going[0]?.status?.conditions?.find(({ type }) => type === 'DisruptionTarget')?.reason).toBe(
    'DeletionByTaintManager',
  );
  expect(simulated.length).toBe(2);
});

test('a node that comes back loses its taints', async () => {
  const { admin, pass, lose, taints, tunnels, settle } = await setUp(['a', 'b']);
  await lose('a');
  await pass(60_000);
  expect(await taints('a')).toHaveLength(2);
  tunnels.add('a');
  const conditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => ({
    type,
    status: type === 'Ready' ? 'True' : 'False',
  }));
  await admin.patch(nodes, { name: 'a' }, { status: { conditions } }, { subresource: 'status' });
  await settle();
  expect((await taints('a')) ?? []).toEqual([]);
});

test('when every node is lost nobody is driven off, until one is back', async () => {
  const { admin, pass, lose, condition, taints, tunnels, settle, alarmAt } = await setUp(['a', 'b']);
  await lose('a');
  await lose('b');
  await pass(120_000);
  expect([(await condition('a'))?.status, (await condition('b'))?.status]).toEqual(['Unknown', 'Unknown']);
  const noSchedule = ['node.kubernetes.io/unreachable:NoSchedule'];
  expect([await taints('a'), await taints('b')]).toEqual([noSchedule, noSchedule]);
  expect(alarmAt()).toBeNull();
  tunnels.add('b');
  await admin.patch(
    nodes,
    { name: 'b' },
    { status: { conditions: [{ type: 'Ready', status: 'True' }] } },
    { subresource: 'status' },
  );
  await settle();
  expect(await taints('a')).toContain('node.kubernetes.io/unreachable:NoExecute');
});

test('cordoning taints a node, and a node without a tunnel lives by its lease', async () => {
  const { admin, pass, taints, tunnels, condition, clock, settle } = await setUp(['a', 'b']);
  await admin.patch(nodes, { name: 'b' }, { spec: { unschedulable: true } });
  await settle();
  expect(await taints('b')).toEqual(['node.kubernetes.io/unschedulable:NoSchedule']);
  tunnels.delete('a');
  const leases = { group: 'coordination.k8s.io', version: 'v1', kind: 'Lease', resource: 'leases', namespaced: true };
  const renewTime = () => `${new Date(clock.now()).toISOString().replace('Z', '000Z')}`;
  const spec = { holderIdentity: 'a', leaseDurationSeconds: 40, renewTime: renewTime() };
  await admin.create(leases, { metadata: { name: 'a', namespace: 'kube-node-lease' }, spec });
  await admin.patch(nodes, { name: 'a' }, { metadata: { labels: { touched: 'yes' } } });
  for (let i = 0; i < 20; i++) {
    await pass(10_000);
    await admin.patch(leases, { name: 'a', namespace: 'kube-node-lease' }, { spec: { renewTime: renewTime() } });
  }
  expect((await condition('a'))?.status).toBe('True');
  await pass(120_000);
  expect((await condition('a'))?.status).toBe('Unknown');
});

test('pods of a node that was removed go after the quarantine', async () => {
  const { admin, pass, rest } = await setUp(['a', 'b']);
  await admin.create(deployments, workload);
  await rest(0);
  await admin.delete(nodes, { name: 'a' });
  await pass(30_000);
  expect((await admin.list(pods)).items).toHaveLength(2);
  await pass(15_000);
  const left = (await admin.list<Pod>(pods)).items;
  expect(left.every(({ spec }) => !spec?.nodeName)).toBe(true);
  expect(left).toHaveLength(2);
});

test('pods of a lost node that is out of service end at once, and only those that are to end', async () => {
  const { admin, pass, lose, rest, settle } = await setUp(['a', 'b']);
  await admin.create(deployments, workload);
  await rest(0);
  const names = (await admin.list<Pod>(pods)).items.map(({ metadata }) => metadata.name ?? '');
  const left = async () =>
    (await admin.list<Pod>(pods)).items.filter(({ metadata }) => names.includes(metadata.name ?? ''));
  await lose('a');
  await pass(60_000);
  await admin.delete(pods, { namespace: 'default', name: names[0] ?? '' });
  await settle();
  expect(await left()).toHaveLength(2);
  const taint = { key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' };
  const { spec } = await admin.get<Node>(nodes, { name: 'a' });
  await admin.patch(nodes, { name: 'a' }, { spec: { taints: [...(spec?.taints ?? []), taint] } });
  await settle();
  // The taint drives off the other one too.
  expect(await left()).toEqual([]);
});
