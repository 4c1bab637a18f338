import { expect, test } from 'vitest';
import { createControllers } from '../../src/controllers/index.ts';
import {
  type Deployment,
  deployments,
  type Event,
  events,
  type Pod,
  pods,
  type ReplicaSet,
  replicaSets,
} from '../../src/kinds/index.ts';
import { type ControlledCluster, Crashed, createControlledCluster } from './controlled-cluster.ts';
import { createSimulatedNode, type SimulatedNode } from './simulated-node.ts';

const KEY = { namespace: 'default', name: 'web' };

function deployment(spec: Partial<Deployment['spec']> = {}, image = 'web:1'): Deployment {
  return {
    metadata: { ...KEY, labels: { app: 'web' } },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image }] } },
      ...spec,
    },
  } as Deployment;
}

interface Setup extends ControlledCluster {
  node: SimulatedNode;
  /** Turns everything until nothing moves. */
  rest(): Promise<void>;
  images(): Promise<Record<string, number>>;
  current(): Promise<Deployment>;
}

async function setUp(): Promise<Setup> {
  const cluster = await createControlledCluster({ controllers: createControllers });
  const node = createSimulatedNode(cluster.admin, cluster.clock);
  cluster.tunnels.add('node-1');
  await node.join();
  return {
    ...cluster,
    node,
    async rest() {
      do await cluster.settle();
      while (await node.step());
    },
    async images() {
      const count: Record<string, number> = {};
      for (const pod of (await cluster.admin.list<Pod>(pods)).items) {
        const image = pod.spec?.containers?.[0]?.image ?? '';
        count[image] = (count[image] ?? 0) + 1;
      }
      return count;
    },
    current: () => cluster.admin.get<Deployment>(deployments, KEY),
  };
}

const setImage = (cluster: Setup, image: string) =>
  cluster.admin.patch(
    deployments,
    KEY,
    { spec: { template: { spec: { containers: [{ name: 'c', image }] } } } },
    { type: 'strategic' },
  );

test('a new deployment gets a ReplicaSet, pods, a revision and conditions', async () => {
  const cluster = await setUp();
  await cluster.admin.create(deployments, deployment());
  await cluster.rest();
  const { metadata, status } = await cluster.current();
  expect(await cluster.images()).toEqual({ 'web:1': 3 });
  expect(metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '1' });
  expect(status).toMatchObject({
    replicas: 3,
    updatedReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    observedGeneration: 1,
  });
  const [set] = (await cluster.admin.list<ReplicaSet>(replicaSets)).items;
  expect(set?.metadata.name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{5,10}$/);
  expect(set?.metadata.annotations).toMatchObject({
    'deployment.kubernetes.io/revision': '1',
    'deployment.kubernetes.io/desired-replicas': '3',
    'deployment.kubernetes.io/max-replicas': '4',
  });
  expect(status?.conditions?.map(({ type, status, reason }) => [type, status, reason])).toEqual([
    ['Available', 'True', 'MinimumReplicasAvailable'],
    ['Progressing', 'True', 'NewReplicaSetAvailable'],
  ]);
  const messages = (await cluster.admin.list<Event>(events)).items.map(
    ({ reason, message }) => `${reason}: ${message}`,
  );
  expect(messages).toContain(`ScalingReplicaSet: Scaled up replica set ${set?.metadata.name} from 0 to 3`);
  expect(messages.filter((message) => message.startsWith('SuccessfulCreate: Created pod: '))).toHaveLength(3);
});

test('a rolling update never has too many or too few pods and ends with the new ones', async () => {
  const cluster = await setUp();
  await cluster.admin.create(deployments, deployment({ replicas: 5 }));
  await cluster.rest();
  await setImage(cluster, 'web:2');
  let most = 0;
  let fewest = 99;
  do {
    await cluster.settle();
    const { items } = await cluster.admin.list<Pod>(pods);
    const alive = items.filter(({ metadata }) => !metadata.deletionTimestamp);
    most = Math.max(most, alive.length);
    fewest = Math.min(fewest, alive.filter(isReady).length);
  } while (await cluster.node.step());
  expect(await cluster.images()).toEqual({ 'web:2': 5 });
  expect(most).toBeLessThanOrEqual(7);
  expect(fewest).toBeGreaterThanOrEqual(4);
  expect((await cluster.current()).metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('2');
});

test('a rollout goes on after the host was killed in the middle of it', async () => {
  const cluster = await setUp();
  await cluster.admin.create(deployments, deployment({ replicas: 4 }));
  await cluster.rest();
  await setImage(cluster, 'web:2');
  for (let turns = 1; turns < 40; turns += 3) {
    const delivery = cluster.settle().catch((error: unknown) => {
      if (!(error instanceof Crashed)) throw error;
    });
    for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
    cluster.crash();
    await delivery;
    if (turns % 2 === 0) await cluster.node.step();
  }
  await cluster.rest();
  expect(await cluster.images()).toEqual({ 'web:2': 4 });
  expect((await cluster.current()).status).toMatchObject({ updatedReplicas: 4, availableReplicas: 4, replicas: 4 });
  expect([...cluster.queue.rows.values()]).toEqual([]);
  expect(cluster.alarmAt()).toBeNull();
});

function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}
