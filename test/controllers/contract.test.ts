/** What every controller must hold to, checked by a small life of a cluster with all of them. */
import { beforeAll, describe, expect, test } from 'vitest';
import { type Change, createControllers } from '../../src/controllers/index.ts';
import type { Controller, PermissionRule } from '../../src/controllers/runtime/define-controller.ts';
import {
  configMaps,
  deployments,
  type EndpointSlice,
  endpointSlices,
  namespaces,
  nodes,
  type Pod,
  pods,
  type ReplicaSet,
  replicaSets,
  services,
} from '../../src/kinds/index.ts';
import { createSeededRandom } from '../support/seeded-random.ts';
import { type ControlledCluster, createControlledCluster } from './controlled-cluster.ts';
import { createSimulatedNode, type SimulatedNode } from './simulated-node.ts';

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'web:1' }] } };
const WEB = { namespace: 'team', name: 'web' };

interface Life extends ControlledCluster {
  node: SimulatedNode;
  rest(): Promise<void>;
}

async function open(): Promise<Life> {
  const cluster = await createControlledCluster({ controllers: createControllers });
  const node = createSimulatedNode(cluster.admin, cluster.clock);
  const rest = async () => {
    do await cluster.settle();
    while (await node.step());
  };
  return { ...cluster, node, rest };
}

/** Touches every controller: nodes, namespaces, workloads, services, owners, deletions. */
async function live({ admin, tunnels, node, rest, pass }: Life): Promise<void> {
  tunnels.add('node-1');
  tunnels.add('node-2');
  await node.join();
  await createSimulatedNode(admin, { now: () => 0 } as never, 'node-2').join();
  await admin.create(namespaces, { metadata: { name: 'team' }, spec: {} });
  await rest();
  const spec = { replicas: 3, selector: { matchLabels: { app: 'web' } }, template };
  await admin.create(deployments, { metadata: { ...WEB, labels: { app: 'web' } }, spec });
  await admin.create(services, { metadata: WEB, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } });
  await rest();
  const containers = [{ name: 'c', image: 'web:2' }];
  await admin.patch(deployments, WEB, { spec: { template: { spec: { containers } } } }, { type: 'strategic' });
  await rest();
  await admin.patch(deployments, WEB, { spec: { replicas: 5 } });
  await admin.patch(nodes, { name: 'node-2' }, { spec: { unschedulable: true } });
  const ownerReferences = [
    { apiVersion: 'v1', kind: 'ConfigMap', name: 'ghost', uid: '6d3f0a5e-0000-4000-8000-000000000000' },
  ];
  await admin.create(configMaps, { metadata: { name: 'left', namespace: 'team', ownerReferences } });
  await rest();
  await pass(1_000_000);
  await rest();
}

async function outcome({ admin }: Life) {
  const images = (await admin.list<Pod>(pods)).items.map(({ spec }) => spec?.containers?.[0]?.image);
  const sets = (await admin.list<ReplicaSet>(replicaSets)).items.map(({ spec, status }) => [
    spec?.replicas,
    status?.readyReplicas ?? 0,
  ]);
  const slices = (await admin.list<EndpointSlice>(endpointSlices, { namespace: 'team' })).items;
  const left = await admin.find(configMaps, { namespace: 'team', name: 'left' });
  return {
    images,
    sets: sets.sort(),
    ready: slices.flatMap(({ endpoints }) => endpoints ?? []).filter(({ conditions }) => conditions?.ready).length,
    left,
  };
}

const EXPECTED = {
  images: Array.from({ length: 5 }, () => 'web:2'),
  sets: [
    [0, 0],
    [5, 5],
  ],
  ready: 5,
  left: undefined,
};

let life: Life;
beforeAll(async () => {
  life = await open();
  await live(life);
});

test('the life of the cluster ends as it should, with no row and no alarm', async () => {
  expect(await outcome(life)).toEqual(EXPECTED);
  expect([...life.queue.rows.values()]).toEqual([]);
  expect(life.alarmAt()).toBeNull();
});

test.each(createControllers().map(({ name }) => name))(
  '%s writes nothing when everything is looked at again',
  async (name) => {
    await life.rest();
    life.writes();
    life.crash();
    life.queue.setResynced(name, 0);
    await life.host().poke();
    await life.settle();
    expect(life.writes()).toEqual([]);
  },
);

describe.each(createControllers().map((controller) => [controller.name, controller] as const))(
  '%s',
  (name, controller) => {
    test('asks only for what it declares', () => {
      const own = life.requests.filter((request) => request.controller === name);
      const undeclared = own.filter(({ method, path }) => !isDeclared(controller, method, path));
      expect(undeclared.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
    });
  },
);

test('changes that come twice and out of order lead to the same end', async () => {
  const other = await open();
  const random = createSeededRandom(5);
  other.distort((changes) => {
    const shuffled = [...changes, ...changes].sort(() => random.next() - 0.5);
    const middle = Math.floor(shuffled.length / 2);
    return [shuffled.slice(0, middle), shuffled.slice(middle)].filter((batch: Change[]) => batch.length > 0);
  });
  await live(other);
  expect(await outcome(other)).toEqual(EXPECTED);
});

test.each([1, 2, 3])(
  'a server that fails every few requests (seed %i) delays the end but does not change it',
  async (seed) => {
    const other = await open();
    const random = createSeededRandom(seed);
    other.interfere(() => {
      const dice = random.next();
      if (dice < 0.05) return failure(409, 'Conflict');
      return dice < 0.1 ? failure(503, 'ServiceUnavailable') : undefined;
    });
    await live(other);
    other.interfere(() => undefined);
    await other.pass(2_000_000);
    await other.rest();
    expect(await outcome(other)).toEqual(EXPECTED);
    expect(other.alarmAt()).toBeNull();
  },
);

function failure(code: number, reason: string): Response {
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', message: 'made by the test', reason, code };
  return Response.json(status, { status: code });
}

const VERBS: Record<string, string> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

function isDeclared({ permissions }: Controller, method: string, path: string): boolean {
  const segments = path.split('/').slice(1);
  const group = segments[0] === 'api' ? '' : (segments[1] ?? '');
  let rest = segments.slice(segments[0] === 'api' ? 2 : 3);
  if (rest[0] === 'namespaces' && rest.length > 2 && !['status', 'finalize'].includes(rest[2] ?? ''))
    rest = rest.slice(2);
  const [resource = '', name, subresource] = rest;
  const verb = method === 'GET' ? (name === undefined ? 'list' : 'get') : (VERBS[method] ?? '');
  const wanted = subresource === undefined ? resource : `${resource}/${subresource}`;
  const allows = ({ groups, resources, verbs }: PermissionRule) =>
    [group, '*'].some((g) => groups.includes(g)) &&
    [wanted, '*'].some((r) => resources.includes(r)) &&
    verbs.includes(verb);
  // Every controller may record events.
  if (wanted === 'events' && (verb === 'create' || verb === 'patch')) return true;
  return permissions.some(allows);
}
