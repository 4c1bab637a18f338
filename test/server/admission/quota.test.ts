import { describe, expect, it } from 'vitest';
import { createTestCluster } from '../../support/cluster.ts';

const NS = '/api/v1/namespaces/default';
const pod = (name: string, resources = {}) => ({
  metadata: { name },
  spec: { automountServiceAccountToken: false, containers: [{ name: 'c', image: 'i', resources }] },
});

async function clusterWithQuota(hard: Record<string, string>) {
  const cluster = await createTestCluster({ bootstrap: true });
  await cluster.send(`POST ${NS}/serviceaccounts`, { body: { metadata: { name: 'default' } } });
  await cluster.send(`POST ${NS}/resourcequotas`, { body: { metadata: { name: 'q' }, spec: { hard } } });
  const used = Object.fromEntries(Object.keys(hard).map((name) => [name, '0']));
  await cluster.send(`PATCH ${NS}/resourcequotas/q/status`, { body: { status: { hard, used } } });
  const usage = async () =>
    (await cluster.send<{ metadata: object; status: { used: Record<string, string> } }>(`GET ${NS}/resourcequotas/q`))
      .body.status.used;
  return { ...cluster, usage };
}

describe('resource quotas', () => {
  it('hold exactly when many objects come at once', async () => {
    const cluster = await clusterWithQuota({ pods: '5' });
    const replies = await Promise.all(
      [...Array(12).keys()].map((i) => cluster.send(`POST ${NS}/pods`, { body: pod(`p${i}`) })),
    );
    expect(replies.filter((reply) => reply.status === 201)).toHaveLength(5);
    expect(replies.filter((reply) => reply.status === 403)).toHaveLength(7);
    expect(await cluster.usage()).toEqual({ pods: '5' });
  });

  it('count nothing for what was refused after them', async () => {
    const cluster = await clusterWithQuota({ pods: '5' });
    await cluster.send(`POST ${NS}/pods`, { body: pod('p') });
    expect((await cluster.send(`POST ${NS}/pods`, { body: pod('p') })).status).toBe(409);
    await cluster.send(`POST ${NS}/pods?dryRun=All`, { body: pod('q') });
    expect(await cluster.usage()).toEqual({ pods: '1' });
  });

  it('sum init and ordinary containers as the scheduler does', async () => {
    const cluster = await clusterWithQuota({ 'requests.cpu': '1' });
    const body = pod('p', { requests: { cpu: '200m' } });
    const initContainers = [
      { name: 'side', image: 'i', restartPolicy: 'Always', resources: { requests: { cpu: '100m' } } },
      { name: 'init', image: 'i', resources: { requests: { cpu: '500m' } } },
    ];
    expect(
      (await cluster.send(`POST ${NS}/pods`, { body: { ...body, spec: { ...body.spec, initContainers } } })).status,
    ).toBe(201);
    expect(await cluster.usage()).toEqual({ 'requests.cpu': '600m' });
  });

  it('are charged for the growth of a claim only', async () => {
    const cluster = await clusterWithQuota({ 'requests.storage': '3Gi' });
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    await cluster.send(`POST ${NS}/persistentvolumeclaims`, { body: { metadata: { name: 'c' }, spec } });
    await cluster.send(`PATCH ${NS}/persistentvolumeclaims/c`, { body: { metadata: { labels: { a: 'b' } } } });
    expect(await cluster.usage()).toEqual({ 'requests.storage': '1Gi' });
  });

  it('count what another shard holds', async () => {
    const cluster = await clusterWithQuota({ 'count/leases.coordination.k8s.io': '2' });
    const create = (name: string) =>
      cluster.send('POST /apis/coordination.k8s.io/v1/namespaces/default/leases', { body: { metadata: { name } } });
    const replies = await Promise.all(['a', 'b', 'c'].map(create));
    expect(replies.map((reply) => reply.status).sort()).toEqual([201, 201, 403]);
    expect(await cluster.usage()).toEqual({ 'count/leases.coordination.k8s.io': '2' });
  });

  it.each([
    [
      'gpu.deviceclass.resource.k8s.io/devices',
      'POST /apis/resource.k8s.io/v1/namespaces/default/resourceclaims',
      { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu', count: 2 } }] } },
      '2',
    ],
    [
      'gpu.deviceclass.resource.k8s.io/devices',
      'POST /apis/resource.k8s.io/v1/namespaces/default/resourceclaims',
      {
        devices: {
          requests: [
            {
              name: 'r',
              firstAvailable: [
                { name: 'a', deviceClassName: 'gpu', count: 3 },
                { name: 'b', deviceClassName: 'gpu' },
              ],
            },
          ],
        },
      },
      '3',
    ],
    [
      'hugepages-2Mi',
      `POST ${NS}/pods`,
      pod('x', { requests: { 'hugepages-2Mi': '4Mi', cpu: '1' }, limits: { 'hugepages-2Mi': '4Mi', cpu: '1' } }).spec,
      '4Mi',
    ],
  ])('count %s of %s', async (name, path, spec, used) => {
    const cluster = await clusterWithQuota({ [name]: '100Mi' });
    expect((await cluster.send(path, { body: { metadata: { name: 'x' }, spec } })).status).toBe(201);
    expect(await cluster.usage()).toEqual({ [name]: used });
  });

  it('count the class that an old claim names in an annotation, and never events', async () => {
    const name = 'gold.storageclass.storage.k8s.io/persistentvolumeclaims';
    const cluster = await clusterWithQuota({ [name]: '1', 'count/events': '0' });
    const metadata = { name: 'c', annotations: { 'volume.beta.kubernetes.io/storage-class': 'gold' } };
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    await cluster.send(`POST ${NS}/persistentvolumeclaims`, { body: { metadata, spec } });
    const event = { metadata: { name: 'e' }, involvedObject: { namespace: 'default' } };
    expect((await cluster.send(`POST ${NS}/events`, { body: event })).status).toBe(201);
    expect(await cluster.usage()).toEqual({ [name]: '1', 'count/events': '0' });
  });
});
