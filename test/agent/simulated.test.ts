import { afterEach, describe, expect, test } from 'vitest';
import { runSimulatedNode, type SimulatedNode } from '../../src/agent/simulated.ts';
import { createClient } from '../../src/client/index.ts';
import type { Lease, Node, Pod } from '../../src/kinds/index.ts';
import { ADMIN_TOKEN, createTestCluster, type TestCluster } from '../support/cluster.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { createSeededRandom } from '../support/seeded-random.ts';
import { settle } from './node-bench.ts';

const nodes: SimulatedNode[] = [];
afterEach(async () => {
  for (const node of nodes.splice(0)) node.stop();
  await settle();
});

async function setUp() {
  const clock = createManualClock();
  const cluster = await createTestCluster({ bootstrap: true, clock });
  await cluster.send('POST /api/v1/namespaces/default/serviceaccounts', { body: { metadata: { name: 'default' } } });
  const client = createClient({
    transport: (request) => cluster.server.fetch(request),
    baseURL: 'http://cluster.test',
    headers: { Authorization: `Bearer ${ADMIN_TOKEN}` },
  });
  const start = (name: string, heartbeat?: () => boolean) => {
    const random = createSeededRandom(3);
    const node = runSimulatedNode({ client, name, clock, random, ...(heartbeat ? { heartbeat } : {}) });
    nodes.push(node);
    return node;
  };
  return { cluster, clock, start };
}

async function until<T>(cluster: TestCluster, path: string, check: (body: T) => unknown): Promise<T> {
  for (const end = performance.now() + 10_000; performance.now() < end; ) {
    await settle(5);
    const reply = await cluster.send<T>(`GET ${path}`);
    if (check(reply.body)) return reply.body;
  }
  throw new Error(`${path} is not as expected`);
}

describe('a simulated node', () => {
  test('registers with what upstream nodes tell, and is Ready', async () => {
    const { cluster, start } = await setUp();
    await start('sim-1').ready;
    const node = await until<Node>(cluster, '/api/v1/nodes/sim-1', (n) => n.status?.conditions?.length === 4);
    expect(node.metadata.labels).toMatchObject({ 'kubernetes.io/hostname': 'sim-1', 'kubernetes.io/os': 'linux' });
    expect(node.status?.conditions?.map((c) => [c.type, c.status, c.reason])).toEqual(
      expect.arrayContaining([
        ['MemoryPressure', 'False', 'KubeletHasSufficientMemory'],
        ['DiskPressure', 'False', 'KubeletHasNoDiskPressure'],
        ['PIDPressure', 'False', 'KubeletHasSufficientPID'],
        ['Ready', 'True', 'KubeletReady'],
      ]),
    );
    expect(node.status).toMatchObject({
      capacity: { cpu: '8', pods: '110' },
      addresses: [{ type: 'InternalIP' }, { type: 'Hostname', address: 'sim-1' }],
      nodeInfo: { kubeletVersion: expect.stringMatching(/^v1\.36\./), operatingSystem: 'linux' },
    });
  });

  test('makes pods ready without containers, on addresses of the range it is given', async () => {
    const { cluster, start } = await setUp();
    await start('sim-1').ready;
    await cluster.send('PATCH /api/v1/nodes/sim-1', {
      body: { spec: { podCIDR: '10.244.9.0/24', podCIDRs: ['10.244.9.0/24'] } },
    });
    await settle(50);
    for (let i = 0; i < 20; i++) {
      const spec = {
        nodeName: 'sim-1',
        containers: [
          {
            name: 'c',
            image: 'any/image',
            env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'no', key: 'k' } } }],
          },
        ],
      };
      await cluster.send('POST /api/v1/namespaces/default/pods', { body: { metadata: { name: `p${i}` }, spec } });
    }
    const isReady = (pod: Pod) => pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True');
    const list = await until<{ items: Pod[] }>(cluster, '/api/v1/namespaces/default/pods', ({ items }) =>
      items.every(isReady),
    );
    const addresses = list.items.map((pod) => pod.status?.podIP ?? '');
    expect(new Set(addresses).size).toBe(20);
    expect(addresses.every((ip) => ip.startsWith('10.244.9.'))).toBe(true);
    await cluster.send('DELETE /api/v1/namespaces/default/pods/p0');
    await until<{ items: Pod[] }>(cluster, '/api/v1/namespaces/default/pods', ({ items }) => items.length === 19);
  });

  test('renews its lease every ten seconds, and leaves it alone while a tunnel speaks for it', async () => {
    const { cluster, clock, start } = await setUp();
    let tunnel = false;
    await start('sim-1', () => tunnel).ready;
    const path = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/sim-1';
    const first = await until<Lease>(cluster, path, (lease) => lease.spec?.renewTime);
    expect(first.spec).toMatchObject({ holderIdentity: 'sim-1', leaseDurationSeconds: 40 });
    clock.advance(10_000);
    const second = await until<Lease>(cluster, path, (lease) => lease.spec?.renewTime !== first.spec?.renewTime);
    tunnel = true;
    clock.advance(10_000);
    await settle(50);
    expect((await cluster.send<Lease>(`GET ${path}`)).body.spec?.renewTime).toBe(second.spec?.renewTime);
  });

  test('writes its status on change and every five minutes only', async () => {
    const { cluster, clock, start } = await setUp();
    await start('sim-1', () => true).ready;
    await settle(50);
    const revision = async () => (await cluster.send<Node>('GET /api/v1/nodes/sim-1')).body.metadata.resourceVersion;
    const before = await revision();
    for (let i = 0; i < 29; i++) {
      clock.advance(10_000);
      await settle(5);
    }
    expect(await revision()).toBe(before);
    clock.advance(10_000);
    await settle(50);
    expect(await revision()).not.toBe(before);
  });
});
