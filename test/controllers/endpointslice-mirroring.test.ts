/** Endpoints that somebody writes are shown as slices. */
import { expect, test } from 'vitest';
import { planMirror } from '../../src/controllers/endpointslice-mirroring/index.ts';
import { createControllers } from '../../src/controllers/index.ts';
import { type EndpointSlice, type Endpoints, endpointSlices, endpoints, services } from '../../src/kinds/index.ts';
import { type ControlledCluster, createControlledCluster } from './controlled-cluster.ts';

const KEY = { namespace: 'default', name: 'db' };
const source = (subsets: Endpoints['subsets'], metadata = {}): Endpoints => ({
  metadata: { ...KEY, uid: 'u', ...metadata },
  subsets,
});

async function open(selector?: Record<string, string>): Promise<ControlledCluster> {
  const cluster = await createControlledCluster({ controllers: createControllers });
  await cluster.admin.create(services, { metadata: KEY, spec: { ports: [{ port: 5432 }], selector } });
  await cluster.settle();
  return cluster;
}

const mirrored = async ({ admin }: ControlledCluster) =>
  (
    await admin.list<EndpointSlice>(endpointSlices, {
      namespace: 'default',
      labelSelector: `kubernetes.io/service-name=db`,
    })
  ).items;

test('slices follow what is written, and go with it', async () => {
  const cluster = await open();
  const { admin, settle } = cluster;
  const ports = [{ name: 'pg', port: 5432 }];
  const made = await admin.create<Endpoints>(
    endpoints,
    source([{ addresses: [{ ip: '10.1.2.3' }], notReadyAddresses: [{ ip: '10.1.2.4', hostname: 'b' }], ports }], {
      uid: undefined,
      labels: { team: 'x' },
      annotations: { note: 'n' },
    }),
  );
  await settle();
  const [slice, ...more] = await mirrored(cluster);
  expect(more).toEqual([]);
  expect(slice).toMatchObject({
    metadata: {
      labels: { team: 'x', 'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io' },
      annotations: { note: 'n' },
      ownerReferences: [{ kind: 'Endpoints', name: 'db', uid: made.metadata.uid, controller: true }],
    },
    addressType: 'IPv4',
    ports: [{ name: 'pg', port: 5432, protocol: 'TCP' }],
    endpoints: [
      { addresses: ['10.1.2.3'], conditions: { ready: true } },
      { addresses: ['10.1.2.4'], conditions: { ready: false }, hostname: 'b' },
    ],
  });
  await admin.update(endpoints, { ...made, subsets: [{ addresses: [{ ip: '10.2.3.4' }], ports }] });
  await settle();
  const [changed] = await mirrored(cluster);
  expect([changed?.metadata.name, changed?.endpoints?.map((one) => one.addresses)]).toEqual([
    slice?.metadata.name,
    [['10.2.3.4']],
  ]);
  await admin.delete(endpoints, KEY);
  await settle();
  expect(await mirrored(cluster)).toEqual([]);
});

test('a service that gets a selector has no mirror any more', async () => {
  const cluster = await open();
  const { admin, settle } = cluster;
  await admin.create<Endpoints>(
    endpoints,
    source([{ addresses: [{ ip: '10.1.2.3' }], ports: [{ port: 1 }] }], { uid: undefined }),
  );
  await settle();
  expect(await mirrored(cluster)).toHaveLength(1);
  await admin.patch(services, KEY, { spec: { selector: { app: 'db' } } });
  await settle();
  const managers = (await mirrored(cluster)).map(
    ({ metadata }) => metadata.labels?.['endpointslice.kubernetes.io/managed-by'],
  );
  expect(managers).toEqual(['endpointslice-controller.k8s.io']);
});

test.each([
  ['that ask for none', { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } }],
  ['of an election', { annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' } }],
])('Endpoints %s have no mirror', async (_, metadata) => {
  const cluster = await open();
  const subsets = [{ addresses: [{ ip: '10.1.2.3' }], ports: [{ port: 1 }] }];
  await cluster.admin.create<Endpoints>(endpoints, source(subsets, { uid: undefined, ...metadata }));
  await cluster.settle();
  expect(await mirrored(cluster)).toEqual([]);
});

test('families and ports have slices of their own, of a thousand addresses each', () => {
  const many = Array.from({ length: 1002 }, (_, i) => ({ ip: `10.0.${i >> 8}.${i & 255}` }));
  const plan = planMirror({
    source: source([
      { addresses: [{ ip: '10.1.2.3' }, { ip: 'fd00::1' }], ports: [{ port: 1 }] },
      { addresses: many, ports: [{ port: 2 }] },
    ]),
    slices: [],
  });
  const made = plan.steps.flatMap(({ writes }) => writes.map(({ object }) => object as EndpointSlice));
  expect(made.map(({ addressType, ports, endpoints: all }) => [addressType, ports?.[0]?.port, all?.length])).toEqual([
    ['IPv4', 1, 1],
    ['IPv6', 1, 1],
    ['IPv4', 2, 1000],
  ]);
  expect(plan.events?.map(({ reason }) => reason)).toEqual(['TooManyAddressesToMirror']);
  expect(plan.events?.[0]?.message).toContain('2 addresses were skipped');
});
