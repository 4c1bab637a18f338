import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, it, vi } from 'vitest';
import { type Client, createClient } from '../../src/client/index.ts';
import { type Deployment, deployments, nodes, type Pod, pods, serviceAccounts } from '../../src/kinds/index.ts';
import { createClusterServer } from '../../src/worker/cluster-server.ts';
import type { Env } from '../../src/worker/env.ts';
import type { ControllersRecorder, SchedulerRecorder } from './entry.ts';

interface TestEnv {
  CONTROLLERS: DurableObjectNamespace<ControllersRecorder>;
  SCHEDULER: DurableObjectNamespace<SchedulerRecorder>;
}

// Whole clusters start and work here.
vi.setConfig({ testTimeout: 60_000 });

const bindings = env as unknown as TestEnv;
const ADMIN = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };
const template = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image: 'web:1' }] },
};

/** Waits until `condition` holds; fails with the test's own time-out. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

async function openCluster(name: string) {
  const server = createClusterServer(env as unknown as Env, name);
  await server.bootstrap();
  const client = createClient({ transport: (request) => server.fetch(request, ADMIN), baseURL: 'http://cluster.test' });
  await until(
    async () => (await client.find(serviceAccounts, { namespace: 'default', name: 'default' })) !== undefined,
  );
  return {
    client,
    controllers: () => bindings.CONTROLLERS.getByName(name),
    scheduler: () => bindings.SCHEDULER.getByName(name),
  };
}

async function addNode(client: Client, name: string): Promise<void> {
  await client.create(nodes, { metadata: { name }, spec: {} });
  const conditions = [{ type: 'Ready', status: 'True', lastHeartbeatTime: null, lastTransitionTime: null }];
  const status = { allocatable: { cpu: '4', memory: '8Gi', pods: '110' }, conditions };
  await client.patch(nodes, { name }, { status }, { subresource: 'status' });
  await client.patch(nodes, { name }, { spec: { taints: null } });
}

function deployment(name: string, replicas: number): Deployment {
  const spec = { replicas, selector: { matchLabels: { app: 'web' } }, template };
  return { metadata: { name, namespace: 'default' }, spec } as Deployment;
}

async function placed(client: Client): Promise<number> {
  const { items } = await client.list<Pod>(pods);
  return items.filter(({ spec }) => spec?.nodeName).length;
}

const alarmOf = (stub: DurableObjectStub<ControllersRecorder> | DurableObjectStub<SchedulerRecorder>) =>
  runInDurableObject(stub as DurableObjectStub<SchedulerRecorder>, (_object, state) => state.storage.getAlarm());

const rowsOf = (stub: DurableObjectStub<ControllersRecorder>) =>
  runInDurableObject(stub, (_object, state) => state.storage.sql.exec('SELECT controller, key FROM work').toArray());

it('controllers and scheduler bring a deployment to its nodes, also after they were evicted', async () => {
  const { client, controllers, scheduler } = await openCluster('live-delivery');
  await addNode(client, 'n1');
  await client.create(deployments, deployment('web', 3));
  await until(async () => (await placed(client)) === 3);
  await evictDurableObject(controllers());
  await evictDurableObject(scheduler());
  await client.patch(deployments, { namespace: 'default', name: 'web' }, { spec: { replicas: 5 } });
  await until(async () => (await placed(client)) === 5);
  expect((await client.list(pods)).items).toHaveLength(5);
});

it('a scheduler whose pods are all placed sets no alarm; one that waits rings and sets it again', async () => {
  const { client, scheduler } = await openCluster('live-alarm');
  await addNode(client, 'n1');
  await client.create(pods, { metadata: { name: 'a', namespace: 'default' }, spec: template.spec } as Pod);
  await until(async () => (await placed(client)) === 1);
  await until(async () => (await alarmOf(scheduler())) === null);
  const spec = { ...template.spec, nodeSelector: { nobody: 'has' } };
  await client.create(pods, { metadata: { name: 'b', namespace: 'default' }, spec } as Pod);
  await until(async () => (await alarmOf(scheduler())) !== null);
  expect((await alarmOf(scheduler()))! - Date.now()).toBeGreaterThan(200_000);
  await evictDurableObject(scheduler());
  expect(await runDurableObjectAlarm(scheduler())).toBe(true);
  expect((await alarmOf(scheduler()))! - Date.now()).toBeGreaterThan(200_000);
  await client.delete(pods, { namespace: 'default', name: 'b' }, { gracePeriodSeconds: 0 });
  await until(async () => (await alarmOf(scheduler())) === null);
});

it('controllers with nothing to do keep no rows and no alarm', async () => {
  const { controllers } = await openCluster('live-idle');
  await until(async () => (await rowsOf(controllers())).length === 0);
  await until(async () => (await alarmOf(controllers())) === null);
});

it('the alarm picks up work that a crash left behind', async () => {
  const { controllers } = await openCluster('live-crash');
  await until(async () => (await rowsOf(controllers())).length === 0);
  await runInDurableObject(controllers(), async (_object, state) => {
    state.storage.sql.exec(
      'INSERT INTO work (controller, key, due, attempts) VALUES (?, ?, ?, ?)',
      ...['serviceaccount-controller', 'default', Date.now() - 5, 2],
    );
    await state.storage.setAlarm(Date.now() + 60_000);
  });
  await evictDurableObject(controllers());
  expect(await runDurableObjectAlarm(controllers())).toBe(true);
  await until(async () => (await rowsOf(controllers())).length === 0);
});
