import { describe, expect, it, test } from 'vitest';
import { planBudget } from '../../src/controllers/disruption/index.ts';
import { createControllers } from '../../src/controllers/index.ts';
import {
  type Deployment,
  deployments,
  type Pod,
  type PodDisruptionBudget,
  podDisruptionBudgets,
  pods,
} from '../../src/kinds/index.ts';
import { createControlledCluster } from './controlled-cluster.ts';
import { createSimulatedNode } from './simulated-node.ts';

const START = Date.parse('2026-01-01T00:00:00Z');

const pod = (name: string, { ready = true, deleted = false } = {}): Pod => ({
  spec: { containers: [] },
  metadata: { name, ...(deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
  status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
});

const budget = (spec: PodDisruptionBudget['spec'], status = {}): PodDisruptionBudget =>
  ({ metadata: { name: 'b', namespace: 'default', generation: 1 }, spec, status }) as PodDisruptionBudget;

function statusOf(input: Partial<Parameters<typeof planBudget>[0]> & { budget: PodDisruptionBudget }) {
  const plan = planBudget({ pods: [], scale: 0, now: START, ...input });
  const write = plan.steps[0]?.writes[0];
  return write ? (write.object as PodDisruptionBudget).status : undefined;
}

describe('the status of a disruption budget', () => {
  const three = [pod('a'), pod('b'), pod('c', { ready: false })];

  it.each([
    [{ minAvailable: 1 }, 3, { desiredHealthy: 1, expectedPods: 3, disruptionsAllowed: 1 }],
    [{ minAvailable: 2 }, 3, { desiredHealthy: 2, expectedPods: 3, disruptionsAllowed: 0 }],
    [{ minAvailable: '50%' }, 3, { desiredHealthy: 2, expectedPods: 3, disruptionsAllowed: 0 }],
    [{ minAvailable: '34%' }, 4, { desiredHealthy: 2, expectedPods: 4, disruptionsAllowed: 0 }],
    [{ maxUnavailable: 2 }, 3, { desiredHealthy: 1, expectedPods: 3, disruptionsAllowed: 1 }],
    [{ maxUnavailable: '30%' }, 4, { desiredHealthy: 2, expectedPods: 4, disruptionsAllowed: 0 }],
    [{ maxUnavailable: 9 }, 3, { desiredHealthy: 0, expectedPods: 3, disruptionsAllowed: 2 }],
    [{ maxUnavailable: 1 }, 0, { desiredHealthy: 0, expectedPods: 0, disruptionsAllowed: 0 }],
  ])('of %j with %i wanted', (spec, scale, wanted) => {
    expect(statusOf({ budget: budget(spec), pods: three, scale })).toMatchObject({ currentHealthy: 2, ...wanted });
  });

  it('counts neither pods that go nor those that were evicted a moment ago', () => {
    const disruptedPods = { a: '2026-01-01T00:00:00Z', gone: '2026-01-01T00:00:00Z' };
    const input = {
      budget: budget({ minAvailable: 0 }, { disruptedPods }),
      pods: [pod('a'), pod('b'), pod('c', { deleted: true })],
      scale: 3,
    };
    expect(statusOf({ ...input, now: START + 1_000 })).toMatchObject({
      currentHealthy: 1,
      disruptedPods: { a: '2026-01-01T00:00:00Z' },
    });
    expect(planBudget({ ...input, now: START + 1_000 }).requeueAfter).toBe(119_000);
    expect(statusOf({ ...input, now: START + 120_000 })).toMatchObject({ currentHealthy: 2 });
    expect(statusOf({ ...input, now: START + 120_000 })?.disruptedPods).toBeUndefined();
  });

  it('allows nothing while nobody knows how many pods there have to be', () => {
    const status = statusOf({ budget: budget({ maxUnavailable: 1 }), pods: three, scale: { failure: 'why' } });
    expect(status).toMatchObject({
      disruptionsAllowed: 0,
      conditions: [{ status: 'False', reason: 'SyncFailed', message: 'why' }],
    });
  });

  it('is written once', () => {
    const first = budget({ minAvailable: 1 });
    const status = statusOf({ budget: first, pods: three, scale: 3 });
    expect(
      statusOf({ budget: { ...first, status: status! }, pods: three, scale: 3, now: START + 5_000 }),
    ).toBeUndefined();
  });
});

test('pods of a deployment are evicted one at a time, as their budget says', async () => {
  const cluster = await createControlledCluster({ controllers: createControllers });
  const { admin, clock, settle } = cluster;
  const node = createSimulatedNode(admin, clock, 'a');
  cluster.tunnels.add('a');
  await node.join();
  const rest = async () => {
    do await settle();
    while (await node.step());
  };
  const labels = { app: 'web' };
  const deployment: Deployment = {
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'web:1' }] } },
    },
  };
  await admin.create(deployments, deployment);
  const body: PodDisruptionBudget = {
    metadata: { name: 'web', namespace: 'default' },
    spec: { maxUnavailable: 1, selector: { matchLabels: labels } },
  };
  await admin.create(podDisruptionBudgets, body);
  await rest();
  const get = () => admin.get<PodDisruptionBudget>(podDisruptionBudgets, { namespace: 'default', name: 'web' });
  expect((await get()).status).toMatchObject({
    currentHealthy: 3,
    desiredHealthy: 2,
    disruptionsAllowed: 1,
    expectedPods: 3,
  });
  const [first, second] = (await admin.list<Pod>(pods)).items.map(({ metadata }) => metadata.name ?? '');
  const evict = (name = '') => {
    const key = { namespace: 'default', name };
    return admin.createSubresource(pods, key, 'eviction', { metadata: key });
  };
  await evict(first);
  await expect(evict(second)).rejects.toMatchObject({ code: 429 });
  await settle();
  expect((await get()).status).toMatchObject({ currentHealthy: 2, disruptionsAllowed: 0 });
  await rest();
  expect((await get()).status).toMatchObject({ currentHealthy: 3, disruptionsAllowed: 1 });
  await evict(second);
});
