import { expect, test } from 'vitest';
import { planReplicas, planStatus } from '../../src/controllers/replicaset/index.ts';
import type { Pod, ReplicaSet } from '../../src/kinds/index.ts';

const NOW = Date.UTC(2026, 0, 2);
const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString().replace('.000Z', 'Z');

const replicaSet = (replicas: number, more: Partial<ReplicaSet> = {}): ReplicaSet => ({
  metadata: { name: 'web', namespace: 'ns', uid: 'rs', generation: 2 },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' }, annotations: { note: 'x' } },
      spec: { containers: [{ name: 'c' }] },
    },
  },
  ...more,
});

interface PodGiven {
  node?: string;
  phase?: string;
  /** Seconds since it became ready. */
  ready?: number;
  cost?: string;
  restarts?: number;
  /** Seconds since it was created. */
  age?: number;
  deleting?: boolean;
}

function pod(
  name: string,
  { node = 'n1', phase = 'Running', ready = 100_000, cost, restarts = 0, age = 100_000, deleting }: PodGiven = {},
): Pod {
  return {
    metadata: {
      name,
      namespace: 'ns',
      uid: name,
      labels: { app: 'web' },
      creationTimestamp: ago(age),
      annotations: cost === undefined ? {} : { 'controller.kubernetes.io/pod-deletion-cost': cost },
      ...(deleting ? { deletionTimestamp: ago(1) } : {}),
    },
    spec: { nodeName: node, containers: [] },
    status: {
      phase,
      conditions: ready < 0 ? [] : [{ type: 'Ready', status: 'True', lastTransitionTime: ago(ready) }],
      containerStatuses: [{ name: 'c', ready: true, restartCount: restarts, image: '', imageID: '' }],
    },
  };
}

const victims = (replicas: number, owned: Pod[], related = owned) =>
  planReplicas({ replicaSet: replicaSet(replicas), owned, related, now: NOW }).steps.flatMap(({ writes }) =>
    writes.map(({ object }) => object.metadata.name),
  );

test.each<[string, PodGiven, PodGiven]>([
  ['has no node', { node: '' }, {}],
  ['is pending', { phase: 'Pending' }, { ready: -1 }],
  ['is not ready', { ready: -1 }, { cost: '-5' }],
  ['costs less to delete', { cost: '-1' }, { restarts: 9 }],
  ['has been ready for a shorter time', { ready: 10 }, { restarts: 9 }],
  ['was restarted more often', { restarts: 2 }, { age: 10 }],
  ['is younger', { age: 10 }, {}],
])('of two pods the one goes that %s', (_why, first, second) => {
  expect(victims(1, [pod('b', first), pod('a', second)])).toEqual(['b']);
  expect(victims(1, [pod('a', second), pod('b', first)])).toEqual(['b']);
});

test('pods that share a node with others of their kind go first', () => {
  const owned = [pod('alone', { node: 'n1' }), pod('crowded', { node: 'n2' })];
  const related = [...owned, pod('other', { node: 'n2' })];
  expect(victims(1, owned, related)).toEqual(['crowded']);
});

test('finished and terminating pods do not count, and missing ones are created from the template', () => {
  const owned = [pod('a'), pod('b', { phase: 'Failed' }), pod('c', { deleting: true })];
  const { steps } = planReplicas({ replicaSet: replicaSet(3), owned, related: owned, now: NOW });
  expect(steps[0]?.slowStart).toBe(true);
  expect(steps[0]?.writes).toHaveLength(2);
  expect(steps[0]?.writes[0]?.object.metadata).toMatchObject({
    generateName: 'web-',
    labels: { app: 'web' },
    annotations: { note: 'x' },
    ownerReferences: [
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'rs', controller: true, blockOwnerDeletion: true },
    ],
  });
});

test('at most 500 pods are created in one go, and none by a ReplicaSet that is being deleted', () => {
  const count = (set: ReplicaSet) =>
    planReplicas({ replicaSet: set, owned: [], related: [], now: NOW }).steps[0]?.writes.length ?? 0;
  expect(count(replicaSet(2000))).toBe(500);
  const deleting = replicaSet(2);
  deleting.metadata.deletionTimestamp = ago(0);
  expect(count(deleting)).toBe(0);
});

test('a pod is available when it has been ready for minReadySeconds, and not a moment before', () => {
  const set = replicaSet(2);
  set.spec!.minReadySeconds = 30;
  const owned = [pod('a', { ready: 30 }), pod('b', { ready: 12 })];
  const { steps, requeueAfter } = planStatus({ replicaSet: set, owned, now: NOW });
  const status = (steps[0]?.writes[0]?.object as ReplicaSet | undefined)?.status;
  expect(status).toMatchObject({
    replicas: 2,
    readyReplicas: 2,
    availableReplicas: 1,
    terminatingReplicas: 0,
    observedGeneration: 2,
  });
  expect(requeueAfter).toBe(18_000);
});

test('a failure shows as a condition, keeps its time, and goes with the next success', () => {
  const failed = planStatus({ replicaSet: replicaSet(2), owned: [], failure: new Error('exceeded quota'), now: NOW });
  const status = (failed.steps[0]?.writes[0]?.object as ReplicaSet | undefined)?.status;
  expect(status?.conditions).toEqual([
    {
      type: 'ReplicaFailure',
      status: 'True',
      reason: 'FailedCreate',
      message: 'exceeded quota',
      lastTransitionTime: ago(0),
    },
  ]);
  const again = planStatus({
    replicaSet: replicaSet(2, { status }),
    owned: [],
    failure: new Error('other'),
    now: NOW + 5000,
  });
  expect(again.steps[0]?.writes).toEqual([]);
  const fine = planStatus({ replicaSet: replicaSet(2, { status }), owned: [], now: NOW });
  expect((fine.steps[0]?.writes[0]?.object as ReplicaSet | undefined)?.status?.conditions ?? []).toEqual([]);
});
