import { expect, test } from 'vitest';
import { nodes, type Pod, pods } from '../../src/kinds/index.ts';
import { createScheduledCluster } from './scheduled-cluster.ts';

const asking = (cpu: string) => ({ containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }] });
const scheduledOf = (pod: Pod) => pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
const key = (name: string) => ({ namespace: 'default', name });
const bindings = (requests: string[]) => requests.filter((line) => line.endsWith('/binding'));

test('a pod that fits nowhere says why and is bound as soon as a node comes that takes it', async () => {
  const { admin, addNode, addPod, settle, places, events, alarmAt, alarmWrites } = await createScheduledCluster();
  await addNode('small', { cpu: '1' });
  await addPod('web', asking('2'));
  await settle();
  expect(scheduledOf(await admin.get<Pod>(pods, key('web')))).toMatchObject({
    status: 'False',
    reason: 'Unschedulable',
    message: '0/1 nodes are available: 1 Insufficient cpu.',
    observedGeneration: 1,
  });
  await addNode('large');
  await settle();
  expect(await places()).toEqual({ web: 'large' });
  expect(scheduledOf(await admin.get<Pod>(pods, key('web')))?.status).toBe('True');
  expect(await events('web')).toMatchObject([
    { reason: 'FailedScheduling', message: '0/1 nodes are available: 1 Insufficient cpu.' },
    { reason: 'Scheduled', message: 'Successfully assigned default/web to large' },
  ]);
  expect(alarmAt()).toBeNull();
  const before = alarmWrites();
  await addPod('next');
  await settle();
  expect(alarmWrites()).toBe(before);
});

test('a pod that stays unschedulable costs a look every five minutes, and few events, also over restarts', async () => {
  const { addNode, addPod, settle, pass, events, requests, crash } = await createScheduledCluster();
  await addNode('small', { cpu: '1' });
  await addPod('web', asking('2'));
  await settle();
  requests.length = 0;
  await pass(3_600_000);
  expect((await events('web')).map(({ count }) => count)).toEqual([13]);
  expect(requests.filter((line) => !line.includes('/events'))).toEqual([]);
  crash();
  await pass(300_000);
  expect((await events('web')).length).toBe(1);
});

test('two hundred pods spread over five nodes', async () => {
  const { addNode, addPod, settle, places, errors } = await createScheduledCluster();
  for (let i = 0; i < 5; i++) await addNode(`n${i}`, { cpu: '16' });
  for (let i = 0; i < 200; i++) await addPod(`p${i}`, asking('10m'));
  await settle();
  const counts = Object.groupBy(Object.values(await places()), (node) => node);
  expect(Object.keys(counts).sort()).toEqual(['n0', 'n1', 'n2', 'n3', 'n4']);
  for (const group of Object.values(counts)) expect(Math.abs((group?.length ?? 0) - 40)).toBeLessThanOrEqual(3);
  expect(errors).toEqual([]);
});

test('the higher priority gets the last place', async () => {
  const { admin, addNode, addPod, settle, places } = await createScheduledCluster();
  const priorityClasses = {
    ...{ group: 'scheduling.k8s.io', version: 'v1', kind: 'PriorityClass' },
    ...{ resource: 'priorityclasses', namespaced: false },
  };
  await admin.create(priorityClasses, { metadata: { name: 'high' }, value: 1000 } as never);
  await addPod('low');
  await addPod('high', { priorityClassName: 'high' });
  await addNode('one', { pods: '1' });
  await settle();
  expect(await places()).toEqual({ low: '', high: 'one' });
  await admin.delete(pods, key('high'), { gracePeriodSeconds: 0 });
  await settle();
  expect(await places()).toEqual({ low: 'one' });
});

test('a scheduler that dies amid its bindings loses no pod and binds none twice', async () => {
  const { addNode, addPod, settle, places, requests, crash, interfere, errors } = await createScheduledCluster();
  for (const name of ['a', 'b']) await addNode(name);
  for (let i = 0; i < 20; i++) await addPod(`p${i}`);
  let left = 7;
  interfere((request) => {
    if (!request.url.endsWith('/binding') || left-- > 0) return undefined;
    return new Response('{"kind":"Status","code":500}', { status: 500 });
  });
  await settle();
  expect(Object.values(await places()).filter(Boolean)).toHaveLength(7);
  crash();
  interfere(() => undefined);
  requests.length = 0;
  errors.length = 0;
  await addPod('late');
  await settle();
  expect(Object.values(await places()).filter((node) => node === '')).toEqual([]);
  expect(new Set(bindings(requests)).size).toBe(14);
  expect(bindings(requests)).toHaveLength(14);
  expect(errors).toEqual([]);
});

test('a binding that the server fails is tried again after its back-off', async () => {
  const { addNode, addPod, settle, pass, places, interfere, alarmAt } = await createScheduledCluster();
  await addNode('a');
  await addPod('p');
  interfere((request) => (request.url.endsWith('/binding') ? new Response('{}', { status: 503 }) : undefined));
  await settle();
  expect(alarmAt()).not.toBeNull();
  interfere(() => undefined);
  await pass(1_000);
  expect(await places()).toEqual({ p: 'a' });
  expect(alarmAt()).toBeNull();
});

test('a pod that is deleted, bound by others or made anew while it is being bound is left alone', async () => {
  const { admin, addNode, addPod, settle, places, interfere, errors } = await createScheduledCluster();
  await addNode('a');
  for (const name of ['deleted', 'taken', 'anew']) await addPod(name);
  await addNode('b', { spec: { unschedulable: true } });
  const done = new Set<string>();
  interfere(async (request) => {
    const name = /pods\/(\w+)\/binding$/.exec(request.url)?.[1] ?? '';
    if (!name || done.has(name)) return undefined;
    done.add(name);
    const target = { apiVersion: 'v1', kind: 'Node', name: 'b' };
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name }, target };
    if (name === 'taken') await admin.createSubresource(pods, key(name), 'binding', binding);
    else await admin.delete(pods, key(name), { gracePeriodSeconds: 0 });
    if (name === 'anew') await addPod('anew', { nodeSelector: { nobody: 'has' } });
    return undefined;
  });
  await settle();
  expect(await places()).toEqual({ taken: 'b', anew: '' });
  expect(errors).toEqual([]);
});

test('a pod made anew under its name no longer counts where the old one was', async () => {
  const { admin, addNode, addPod, settle, places } = await createScheduledCluster();
  await addNode('only', { pods: '1' });
  await addPod('p');
  await settle();
  await admin.delete(pods, key('p'), { gracePeriodSeconds: 0 });
  await addPod('p');
  await settle();
  expect(await places()).toEqual({ p: 'only' });
});

test('a node that goes and comes back still holds its pods', async () => {
  const { admin, addNode, addPod, settle, places } = await createScheduledCluster();
  await addNode('a', { pods: '1' });
  await addPod('first');
  await settle();
  await admin.delete(nodes, { name: 'a' });
  await settle();
  await addNode('a', { pods: '1' });
  await addPod('second');
  await settle();
  expect(await places()).toEqual({ first: 'a', second: '' });
});

test('gated pods, and those of other schedulers, wait without being tried', async () => {
  const { admin, addNode, addPod, settle, places, requests, alarmAt } = await createScheduledCluster();
  await addNode('a');
  await addPod('gated', { schedulingGates: [{ name: 'example.com/g' }] });
  await addPod('foreign', { schedulerName: 'mine' });
  await settle();
  expect(await places()).toEqual({ gated: '', foreign: '' });
  expect(requests.filter((line) => !line.startsWith('GET'))).toEqual([]);
  expect(alarmAt()).toBeNull();
  await admin.patch(pods, key('gated'), [{ op: 'remove', path: '/spec/schedulingGates' }], { type: 'json' });
  await settle();
  expect(await places()).toEqual({ gated: 'a', foreign: '' });
});
