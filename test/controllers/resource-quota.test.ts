/** Quotas are counted when they come, when they change and when something is freed. */
import { beforeEach, expect, test } from 'vitest';
import { createControllers } from '../../src/controllers/index.ts';
import {
  configMaps,
  namespaces,
  type Pod,
  pods,
  type ResourceQuota,
  resourceQuotas,
  serviceAccounts,
  services,
} from '../../src/kinds/index.ts';
import { type ControlledCluster, createControlledCluster } from './controlled-cluster.ts';

const NAMESPACE = 'held';
const KEY = { namespace: NAMESPACE, name: 'q' };

let cluster: ControlledCluster;

beforeEach(async () => {
  cluster = await createControlledCluster({ controllers: createControllers });
  await cluster.admin.create(namespaces, { metadata: { name: NAMESPACE }, spec: {} });
  await cluster.settle();
});

const podOf = (name: string, cpu: string): Pod => ({
  metadata: { name, namespace: NAMESPACE },
  spec: { containers: [{ name: 'c', image: 'c', resources: { requests: { cpu } } }] },
});

async function limit(hard: Record<string, string>, more = {}): Promise<void> {
  await cluster.admin.create<ResourceQuota>(resourceQuotas, { metadata: KEY, spec: { hard, ...more } });
  await cluster.settle();
}

const statusOf = async () => (await cluster.admin.get(resourceQuotas, KEY)).status;

test('what was there before is counted, with zero for what is not', async () => {
  const { admin } = cluster;
  await admin.create(pods, podOf('a', '200m'));
  await admin.create(pods, podOf('b', '300m'));
  await limit({ pods: '3', 'requests.cpu': '1', services: '2', 'count/configmaps': '5', 'example.org/none': '1' });
  expect(await statusOf()).toEqual({
    hard: { pods: '3', 'requests.cpu': '1', services: '2', 'count/configmaps': '5', 'example.org/none': '1' },
    used: { pods: '2', 'requests.cpu': '500m', services: '0', 'count/configmaps': '1' },
  });
});

test('a quota holds once it is counted, and gives back what is deleted or has ended', async () => {
  const { admin } = cluster;
  await limit({ pods: '2' });
  await admin.create(pods, podOf('a', '1'));
  await admin.create(pods, podOf('b', '1'));
  await expect(admin.create(pods, podOf('c', '1'))).rejects.toThrow('exceeded quota: q');
  await admin.delete(pods, { namespace: NAMESPACE, name: 'a' }, { gracePeriodSeconds: 0 });
  await cluster.settle();
  expect((await statusOf())?.used).toEqual({ pods: '1' });
  const rest = await admin.get<Pod>(pods, { namespace: NAMESPACE, name: 'b' });
  await admin.update(pods, { ...rest, status: { ...rest.status, phase: 'Succeeded' } }, { subresource: 'status' });
  await cluster.settle();
  expect((await statusOf())?.used).toEqual({ pods: '0' });
});

test('scopes decide what is counted', async () => {
  const { admin } = cluster;
  await admin.create(pods, podOf('a', '1'));
  await admin.create(pods, {
    metadata: { name: 'idle', namespace: NAMESPACE },
    spec: { containers: [{ name: 'c', image: 'c' }] },
  });
  await limit({ pods: '5' }, { scopes: ['BestEffort'] });
  expect((await statusOf())?.used).toEqual({ pods: '1' });
});

test('a status that somebody changed is put right, and another specification is counted', async () => {
  const { admin } = cluster;
  await limit({ services: '1' });
  const quota = await admin.get(resourceQuotas, KEY);
  await admin.update(resourceQuotas, { ...quota, status: { hard: { services: '9' } } }, { subresource: 'status' });
  await cluster.settle();
  expect(await statusOf()).toEqual({ hard: { services: '1' }, used: { services: '0' } });
  await admin.create(services, { metadata: { name: 's', namespace: NAMESPACE }, spec: { ports: [{ port: 80 }] } });
  await admin.patch(resourceQuotas, KEY, { spec: { hard: { services: '4', configmaps: '7' } } });
  await cluster.settle();
  expect(await statusOf()).toEqual({
    hard: { services: '4', configmaps: '7' },
    used: { services: '1', configmaps: '1' },
  });
});

test('other namespaces and what no quota counts cost no look', async () => {
  const { admin } = cluster;
  await limit({ pods: '2' });
  const before = cluster.requests.length;
  await admin.delete(configMaps, { namespace: 'default', name: 'kube-root-ca.crt' });
  await admin.delete(serviceAccounts, { namespace: NAMESPACE, name: 'default' });
  await cluster.settle();
  const made = cluster.requests.slice(before).filter(({ controller }) => controller === 'resourcequota-controller');
  expect(made.filter(({ path }) => path.includes('/pods'))).toEqual([]);
});
