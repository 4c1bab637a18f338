import { expect, test } from 'vitest';
import { createControllers } from '../../src/controllers/index.ts';
import { formatIndexSet, parseIndexSet } from '../../src/controllers/job/index.ts';
import { type Job, type JobSpec, jobs, type Pod, pods } from '../../src/kinds/index.ts';
import { createControlledCluster } from './controlled-cluster.ts';

const KEY = { namespace: 'default', name: 'work' };
const TRACKING = 'batch.kubernetes.io/job-tracking';

type Partial = Omit<JobSpec, 'template'>;

/** A cluster without nodes: the test says how pods fare. */
async function setUp(spec: Partial = {}, pod: object = {}) {
  const cluster = await createControlledCluster({ controllers: createControllers });
  const { admin, settle } = cluster;
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'work:1' }], ...pod } };
  await settle();
  await admin.create<Job>(jobs, { metadata: KEY, spec: { ...spec, template } } as Job);
  await settle();
  const get = () => admin.get<Job>(jobs, KEY);
  const all = async () => (await admin.list<Pod>(pods)).items;
  const running = async () => (await all()).filter((one) => !['Succeeded', 'Failed'].includes(one.status?.phase ?? ''));
  const end = async (one: Pod | undefined, phase: 'Succeeded' | 'Failed', exitCode = phase === 'Failed' ? 1 : 0) => {
    const finishedAt = new Date(cluster.clock.now()).toISOString().replace(/\.\d+/, '');
    const state = { terminated: { exitCode, finishedAt } };
    const status = {
      phase,
      containerStatuses: [{ name: 'c', image: 'i', imageID: '', ready: false, restartCount: 0, state }],
    };
    await admin.patch(
      pods,
      { namespace: 'default', name: one?.metadata.name ?? '' },
      { status },
      { subresource: 'status' },
    );
    await settle();
  };
  const conditions = async () =>
    ((await get()).status?.conditions ?? []).map(({ type, status, reason }) => `${type}=${status} ${reason}`);
  return { ...cluster, get, all, running, end, conditions };
}

test('a job runs its pods a few at a time until enough have succeeded', async () => {
  const { get, all, running, end, conditions } = await setUp({ completions: 3, parallelism: 2 });
  expect(await running()).toHaveLength(2);
  expect((await get()).status).toMatchObject({ active: 2, ready: 0 });
  const [first] = await running();
  expect(first?.metadata).toMatchObject({ finalizers: [TRACKING], labels: { 'batch.kubernetes.io/job-name': 'work' } });
  await end(first, 'Succeeded');
  expect((await get()).status).toMatchObject({ active: 2, succeeded: 1 });
  for (let pod = (await running())[0]; pod; pod = (await running())[0]) await end(pod, 'Succeeded');
  expect(await conditions()).toEqual([
    'SuccessCriteriaMet=True CompletionsReached',
    'Complete=True CompletionsReached',
  ]);
  const { status } = await get();
  expect(status).toMatchObject({ succeeded: 3, uncountedTerminatedPods: {} });
  expect(status?.completionTime).toBeDefined();
  expect((await all()).flatMap(({ metadata }) => metadata.finalizers ?? [])).toEqual([]);
  expect(await all()).toHaveLength(3);
});

test('failed pods are replaced after a back-off, until the limit', async () => {
  const { get, running, end, pass, conditions, admin } = await setUp({ backoffLimit: 1 });
  await end((await running())[0], 'Failed');
  expect((await get()).status).toMatchObject({ failed: 1 });
  expect(await running()).toEqual([]);
  await pass(9_000);
  expect(await running()).toEqual([]);
  await pass(2_000);
  expect(await running()).toHaveLength(1);
  await end((await running())[0], 'Failed');
  expect(await conditions()).toEqual(['FailureTarget=True BackoffLimitExceeded', 'Failed=True BackoffLimitExceeded']);
  await pass(600_000);
  expect(await running()).toEqual([]);
  const events = (await admin.list({ group: '', version: 'v1', kind: 'Event', resource: 'events', namespaced: true }))
    .items;
  expect(events.map((event) => (event as unknown as { reason: string }).reason)).toContain('BackoffLimitExceeded');
});

test('every index of an indexed job has one pod that knows it', async () => {
  const { get, all, running, end } = await setUp({ completionMode: 'Indexed', completions: 4, parallelism: 2 });
  const indexes = async () =>
    (await running()).map(({ metadata }) => metadata.annotations?.['batch.kubernetes.io/job-completion-index']).sort();
  expect(await indexes()).toEqual(['0', '1']);
  const [pod] = await running();
  expect(pod?.spec).toMatchObject({ hostname: expect.stringMatching(/^work-[01]$/) });
  expect(pod?.spec?.containers?.[0]?.env?.[0]).toMatchObject({ name: 'JOB_COMPLETION_INDEX' });
  const byIndex = async (index: string) =>
    (await running()).find(({ metadata }) => metadata.labels?.['batch.kubernetes.io/job-completion-index'] === index);
  await end(await byIndex('1'), 'Succeeded');
  expect((await get()).status).toMatchObject({ succeeded: 1, completedIndexes: '1' });
  expect(await indexes()).toEqual(['0', '2']);
  for (const index of ['0', '2', '3']) await end(await byIndex(index), 'Succeeded');
  expect((await get()).status).toMatchObject({ succeeded: 4, completedIndexes: '0-3' });
  expect(await all()).toHaveLength(4);
});

test('an index that failed too often ends alone, and the job with it at the end', async () => {
  const spec = { completionMode: 'Indexed', completions: 2, parallelism: 2, backoffLimitPerIndex: 0 };
  const { get, running, end, conditions } = await setUp(spec);
  const [first, second] = await running();
  await end(first, 'Failed');
  const failed = first?.metadata.labels?.['batch.kubernetes.io/job-completion-index'];
  expect((await get()).status).toMatchObject({ failed: 1, failedIndexes: failed });
  expect(await running()).toHaveLength(1);
  await end(second, 'Succeeded');
  expect(await conditions()).toEqual(['FailureTarget=True FailedIndexes', 'Failed=True FailedIndexes']);
});

test('a failure policy ends the job at once, or lets failures pass', async () => {
  const rules = [
    { action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } },
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
  ];
  const { get, admin, running, end, conditions, settle, pass } = await setUp({ podFailurePolicy: { rules } });
  const [pod] = await running();
  const condition = { conditions: [{ type: 'DisruptionTarget', status: 'True' }] };
  await admin.patch(
    pods,
    { namespace: 'default', name: pod?.metadata.name ?? '' },
    { status: condition },
    { subresource: 'status' },
  );
  await end(pod, 'Failed');
  expect((await get()).status?.failed ?? 0).toBe(0);
  await pass(15_000);
  expect(await running()).toHaveLength(1);
  await end((await running())[0], 'Failed', 42);
  await settle();
  expect(await conditions()).toEqual(['FailureTarget=True PodFailurePolicy', 'Failed=True PodFailurePolicy']);
  expect((await get()).status?.conditions?.[0]?.message).toMatch(
    /^Container c for pod default\/work-\w+ failed with exit code 42 matching FailJob rule at index 0$/,
  );
});

test('a suspended job has no pods, and starts anew when it goes on', async () => {
  const { admin, running, conditions, settle, get } = await setUp({ parallelism: 2, completions: 2 });
  expect(await running()).toHaveLength(2);
  await admin.patch(jobs, KEY, { spec: { suspend: true } });
  await settle();
  expect(await running()).toEqual([]);
  expect(await conditions()).toEqual(['Suspended=True JobSuspended']);
  expect((await get()).status?.active ?? 0).toBe(0);
  expect((await get()).status?.failed ?? 0).toBe(0);
  expect((await get()).status?.startTime).toBeUndefined();
  await admin.patch(jobs, KEY, { spec: { suspend: false } });
  await settle();
  expect(await running()).toHaveLength(2);
  expect(await conditions()).toEqual(['Suspended=False JobResumed']);
});

test('a job that is active too long fails, and its pods go', async () => {
  const { running, pass, conditions, get } = await setUp({ activeDeadlineSeconds: 30 });
  await pass(29_000);
  expect(await running()).toHaveLength(1);
  await pass(2_000);
  expect(await running()).toEqual([]);
  expect(await conditions()).toEqual(['FailureTarget=True DeadlineExceeded', 'Failed=True DeadlineExceeded']);
  const { status } = await get();
  expect([status?.failed, status?.active ?? 0]).toEqual([1, 0]);
});

test('a success policy ends the job early', async () => {
  const successPolicy = { rules: [{ succeededIndexes: '1' }] };
  const { running, end, conditions } = await setUp({
    completionMode: 'Indexed',
    completions: 3,
    parallelism: 3,
    successPolicy,
  });
  const leader = (await running()).find(
    ({ metadata }) => metadata.labels?.['batch.kubernetes.io/job-completion-index'] === '1',
  );
  await end(leader, 'Succeeded');
  expect(await conditions()).toEqual(['SuccessCriteriaMet=True SuccessPolicy', 'Complete=True SuccessPolicy']);
  expect(await running()).toEqual([]);
});

test('pods of a job that is gone are not kept by it', async () => {
  for (const propagationPolicy of ['Background', 'Foreground', 'Orphan'] as const) {
    const { admin, all, settle, pass } = await setUp();
    await admin.delete(jobs, KEY, { propagationPolicy });
    await settle();
    await pass(5_000);
    const left = await all();
    expect(left.map(({ metadata }) => metadata.finalizers ?? [])).toEqual(propagationPolicy === 'Orphan' ? [[]] : []);
    expect(await admin.find(jobs, KEY)).toBeUndefined();
  }
});

test('sets of indexes are written as upstream writes them', () => {
  expect(formatIndexSet(new Set([7, 0, 1, 3, 4, 5]))).toBe('0,1,3-5,7');
  expect([...parseIndexSet('0,1,3-9', 6)]).toEqual([0, 1, 3, 4, 5]);
  expect([...parseIndexSet('', 3)]).toEqual([]);
});
