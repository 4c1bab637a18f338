import { expect, test } from 'vitest';
import { planEndpoints } from '../../src/controllers/endpoints/index.ts';
import { planEndpointSlices } from '../../src/controllers/endpointslice/index.ts';
import type { EndpointSlice, Endpoints, Pod, Service } from '../../src/kinds/index.ts';

const service = (spec: Partial<Service['spec']> = {}): Service => ({
  metadata: { name: 'web', namespace: 'ns', uid: 'svc', labels: { team: 'a' } },
  spec: {
    selector: { app: 'web' },
    ipFamilies: ['IPv4'],
    ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }],
    ...spec,
  },
});

interface Given {
  ready?: boolean;
  deleting?: boolean;
  port?: number;
  phase?: string;
}

function pod(i: number, { ready = true, deleting, port = 8080, phase = 'Running' }: Given = {}): Pod {
  const ip = `10.0.${Math.floor(i / 256)}.${i % 256}`;
  return {
    metadata: {
      name: `p${i}`,
      namespace: 'ns',
      uid: `u${i}`,
      ...(deleting ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: { nodeName: 'n1', containers: [{ name: 'c', ports: [{ name: 'http', containerPort: port }] }] },
    status: { phase, podIP: ip, podIPs: [{ ip }], conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
}

const pods = (count: number) => Array.from({ length: count }, (_, i) => pod(i));

/** Carries a plan out on a list of slices. */
function apply(slices: EndpointSlice[], given: { service?: Service; pods: Pod[] }) {
  const plan = planEndpointSlices({
    service: given.service ?? service(),
    pods: given.pods,
    slices,
    zones: new Map([['n1', 'z']]),
  });
  const writes = plan.steps.flatMap((step) => step.writes);
  const kept = slices
    .filter(
      ({ metadata }) => !writes.some(({ type, object }) => type === 'delete' && object.metadata.name === metadata.name),
    )
    .map(
      (slice) =>
        (writes.find(({ type, object }) => type === 'update' && object.metadata.name === slice.metadata.name)
          ?.object as EndpointSlice) ?? slice,
    );
  const made = writes
    .filter(({ type }) => type === 'create')
    .map(({ object }, i) => ({
      ...(object as EndpointSlice),
      metadata: { ...object.metadata, name: `new${slices.length + i}` },
    }));
  return { slices: [...kept, ...made], writes: writes.map(({ type }) => type).sort() };
}

const counts = (slices: EndpointSlice[]) => slices.map(({ endpoints }) => endpoints?.length ?? 0);

test('250 pods fill three slices; one more or less changes one of them', () => {
  const first = apply([], { pods: pods(250) });
  expect(counts(first.slices)).toEqual([100, 100, 50]);
  const more = apply(first.slices, { pods: pods(251) });
  expect([counts(more.slices), more.writes]).toEqual([[100, 100, 51], ['update']]);
  const fewer = apply(more.slices, { pods: pods(251).slice(1) });
  expect([counts(fewer.slices), fewer.writes]).toEqual([[99, 100, 51], ['update']]);
  expect(apply(fewer.slices, { pods: pods(251).slice(1) }).writes).toEqual([]);
  expect(apply(fewer.slices, { pods: [] }).writes).toEqual(['delete', 'delete', 'update']);
});

test('pods whose named port differs are in slices of their own', () => {
  const { slices } = apply([], { pods: [pod(1), pod(2, { port: 9090 }), pod(3)] });
  expect(slices.map(({ ports, endpoints }) => [ports?.[0]?.port, endpoints?.length])).toEqual([
    [8080, 2],
    [9090, 1],
  ]);
});

test('a slice for other ports is filled anew and not replaced, so that no endpoint is missing in between', () => {
  const before = apply([], { pods: pods(2) }).slices;
  const after = apply(before, {
    pods: pods(2),
    service: service({ ports: [{ name: 'http', port: 80, targetPort: 9999 }] }),
  });
  expect(after.writes).toEqual(['update']);
  expect(after.slices[0]?.ports?.[0]?.port).toBe(9999);
});

test('conditions tell ready, serving and terminating apart', () => {
  const all = [pod(1), pod(2, { ready: false }), pod(3, { deleting: true }), pod(4, { phase: 'Succeeded' })];
  const conditions = (spec?: Partial<Service['spec']>) =>
    apply([], { pods: all, service: service(spec) }).slices[0]?.endpoints?.map((endpoint) => endpoint.conditions);
  expect(conditions()).toEqual([
    { ready: true, serving: true, terminating: false },
    { ready: false, serving: false, terminating: false },
    { ready: false, serving: true, terminating: true },
  ]);
  expect(conditions({ publishNotReadyAddresses: true })?.map((condition) => condition?.ready)).toEqual([
    true,
    true,
    true,
  ]);
});

test('a slice belongs to its service and carries its labels', () => {
  const { slices } = apply([], { pods: pods(1), service: service({ clusterIP: 'None' }) });
  expect(slices[0]?.metadata).toMatchObject({
    generateName: 'web-',
    labels: {
      team: 'a',
      'kubernetes.io/service-name': 'web',
      'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      'service.kubernetes.io/headless': '',
    },
    ownerReferences: [{ kind: 'Service', uid: 'svc', controller: true }],
  });
  expect(slices[0]?.endpoints?.[0]).toMatchObject({
    nodeName: 'n1',
    zone: 'z',
    targetRef: { kind: 'Pod', name: 'p0' },
  });
});

test('legacy endpoints list ready and other addresses by ports, and at most 1000', () => {
  const subsets = (all: Pod[]) => {
    const write = planEndpoints({ service: service(), pods: all, existing: undefined }).steps[0]?.writes[0];
    return write?.object as Endpoints;
  };
  const mixed = subsets([pod(2), pod(1), pod(3, { ready: false }), pod(4, { port: 9090 }), pod(5, { deleting: true })]);
  expect(
    mixed.subsets?.map(({ addresses, notReadyAddresses, ports }) => [
      addresses?.map(({ ip }) => ip),
      notReadyAddresses?.length,
      ports?.[0]?.port,
    ]),
  ).toEqual([
    [['10.0.0.1', '10.0.0.2'], 1, 8080],
    [['10.0.0.4'], undefined, 9090],
  ]);
  const many = subsets(pods(1001));
  expect(many.subsets?.[0]?.addresses).toHaveLength(1000);
  expect(many.metadata.annotations).toEqual({ 'endpoints.kubernetes.io/over-capacity': 'truncated' });
  expect(planEndpoints({ service: service(), pods: pods(1001), existing: many }).steps).toEqual([]);
});

test('endpoints tell when the change happened because of which they were written', () => {
  const LAST_CHANGE = 'endpoints.kubernetes.io/last-change-trigger-time';
  const readyAt = (i: number, time: string): Pod => {
    const given = pod(i);
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: time }];
    return { ...given, status: { ...given.status, conditions } } as Pod;
  };
  const made = service();
  made.metadata.creationTimestamp = '2026-01-01T00:00:00Z';
  const first = apply([], { service: made, pods: [] });
  const timeOf = (slice: EndpointSlice | undefined) => slice?.metadata.annotations?.[LAST_CHANGE];
  expect(timeOf(first.slices[0])).toBe('2026-01-01T00:00:00Z');
  const two = [readyAt(1, '2026-01-01T00:00:05Z'), readyAt(2, '2026-01-01T00:00:09Z')];
  const second = apply(first.slices, { service: made, pods: two });
  expect(timeOf(second.slices[0])).toBe('2026-01-01T00:00:05Z');
  expect(apply(second.slices, { service: made, pods: two }).writes).toEqual([]);
  const third = apply(second.slices, { service: made, pods: [two[0] as Pod] });
  expect(timeOf(third.slices[0])).toBeUndefined();
  const fourth = apply(third.slices, { service: made, pods: [two[0] as Pod, readyAt(3, '2026-01-01T00:01:00Z')] });
  expect(timeOf(fourth.slices[0])).toBe('2026-01-01T00:01:00Z');

  const written = planEndpoints({ service: made, pods: two, existing: undefined }).steps[0]?.writes[0];
  const existing = written?.object as Endpoints;
  expect(existing.metadata.annotations).toEqual({ [LAST_CHANGE]: '2026-01-01T00:00:00Z' });
  const gone = planEndpoints({ service: made, pods: [], existing }).steps[0]?.writes[0]?.object;
  expect(gone?.metadata.annotations).toEqual({});
});
