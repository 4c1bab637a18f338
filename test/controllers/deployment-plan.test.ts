import { expect, test } from 'vitest';
import { planDeployment } from '../../src/controllers/deployment/index.ts';
import type { Deployment, DeploymentCondition, ReplicaSet } from '../../src/kinds/index.ts';

const NOW = Date.UTC(2026, 0, 1);
const at = (seconds: number) => new Date(NOW + seconds * 1000).toISOString().replace('.000Z', 'Z');
const template = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image }] },
});

interface Given extends Partial<NonNullable<Deployment['spec']>> {
  image?: string;
  status?: Deployment['status'];
  annotations?: Record<string, string>;
}

function deployment({ image = 'new', status, annotations, ...spec }: Given = {}): Deployment {
  return {
    metadata: { name: 'web', namespace: 'ns', uid: 'd', generation: 1, annotations: annotations ?? {} },
    spec: {
      replicas: 10,
      selector: { matchLabels: { app: 'web' } },
      template: template(image),
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      progressDeadlineSeconds: 600,
      revisionHistoryLimit: 10,
      ...spec,
    },
    status: status ?? {},
  };
}

interface SetGiven {
  available?: number;
  desired?: number;
  max?: number;
  revision?: number;
  created?: number;
  terminating?: number;
  failure?: string;
}

function set(image: string, replicas: number, given: SetGiven = {}): ReplicaSet {
  const {
    available = replicas,
    desired = 10,
    max = 13,
    revision = 1,
    created = -1000,
    terminating = 0,
    failure,
  } = given;
  const conditions = failure
    ? [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: failure, lastTransitionTime: at(0) }]
    : undefined;
  return {
    metadata: {
      name: `web-${image}`,
      namespace: 'ns',
      uid: image,
      generation: 1,
      creationTimestamp: at(created),
      annotations: {
        'deployment.kubernetes.io/desired-replicas': String(desired),
        'deployment.kubernetes.io/max-replicas': String(max),
        'deployment.kubernetes.io/revision': String(revision),
      },
    },
    spec: { replicas, template: template(image), selector: { matchLabels: { app: 'web' } } },
    status: {
      replicas,
      readyReplicas: available,
      availableReplicas: available,
      observedGeneration: 1,
      terminatingReplicas: terminating,
      conditions,
    },
  };
}

/** What a plan does, short: sizes by ReplicaSet, deletions, and the status it writes. */
function plan(given: Deployment, sets: ReplicaSet[], now = NOW) {
  const { steps, requeueAfter } = planDeployment({ deployment: given, sets, now });
  const writes = steps.flatMap((step) => step.writes);
  const sizes: Record<string, number | undefined> = {};
  for (const { type, object, kind } of writes) {
    if (kind.kind !== 'ReplicaSet' || type === 'delete') continue;
    const name = type === 'create' ? 'created' : (object.metadata.name ?? '');
    sizes[name] = (object as ReplicaSet).spec?.replicas;
  }
  const deleted = writes.filter(({ type }) => type === 'delete').map(({ object }) => object.metadata.name);
  const messages = writes.flatMap((write) => write.events?.succeeded?.(write.object).message ?? []);
  const written = writes.find(({ kind }) => kind.kind === 'Deployment')?.object as Deployment | undefined;
  const condition = (type: string) => written?.status?.conditions?.find((candidate) => candidate.type === type);
  return { sizes, deleted, messages, written, condition, requeueAfter, writes };
}

const progressing = (reason: string, seconds = 0, status = 'True'): DeploymentCondition => {
  return {
    type: 'Progressing',
    status,
    reason,
    message: '',
    lastUpdateTime: at(seconds),
    lastTransitionTime: at(seconds),
  };
};

test.each([
  // replicas, surge, unavailable → first size of the new one, old size after it
  [10, '25%', '25%', 3, 8],
  [10, 0, 3, 0, 7],
  [4, 1, 0, 1, 4],
  [1, '25%', '25%', 1, 1],
  [3, '100%', 0, 3, 3],
])(
  'a rollout of %i with surge %s and unavailable %s starts with %i new and keeps %i old',
  (replicas, maxSurge, maxUnavailable, fresh, old) => {
    const given = deployment({
      replicas,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
    });
    const { sizes, messages } = plan(given, [set('old', replicas, { desired: replicas })]);
    expect(sizes.created).toBe(fresh);
    expect(sizes['web-old'] ?? replicas).toBe(old);
    const expected = fresh > 0 ? [expect.stringMatching(/^Scaled up replica set web-\w+ from 0 to \d+$/)] : [];
    const down = old < replicas ? [`Scaled down replica set web-old from ${replicas} to ${old}`] : [];
    expect(messages).toEqual([...expected, ...down]);
  },
);

test('old pods that are not available are given up before those that serve', () => {
  const sets = [
    set('a', 5, { available: 5, created: -300 }),
    set('b', 3, { available: 0, created: -200 }),
    set('new', 5, { available: 2, created: -100, revision: 2 }),
  ];
  const { sizes } = plan(deployment(), sets);
  // 13 in all, at least 8 available, 3 of the new ones are not: 2 may go, and the broken ones go.
  expect(sizes).toEqual({ 'web-b': 1 });
});

test('scaling in the middle of a rollout is shared in proportion, the rest goes to the largest', () => {
  const old = set('old', 8, { created: -300 });
  const fresh = set('new', 5, { available: 2, created: -100 });
  const { sizes } = plan(deployment({ replicas: 20 }), [old, fresh]);
  // From 13 to 25: 8 and 5 become 15 and 10.
  expect(sizes).toEqual({ 'web-old': 15, 'web-new': 10 });
  expect(plan(deployment({ replicas: 5 }), [old, fresh]).sizes).toEqual({ 'web-old': 4, 'web-new': 3 });
});

test('scaling outside of a rollout goes to the only active ReplicaSet', () => {
  const { sizes, messages } = plan(deployment({ replicas: 3 }), [set('old', 0), set('new', 10, { revision: 2 })]);
  expect(sizes).toEqual({ 'web-new': 3 });
  expect(messages).toEqual(['Scaled down replica set web-new from 10 to 3']);
});

test('Recreate waits until the last old pod has ended', () => {
  const recreate = { strategy: { type: 'Recreate' } };
  const first = plan(deployment(recreate), [set('old', 10, { max: 10 })]);
  expect(first.sizes).toEqual({ 'web-old': 0 });
  const waiting = { ...set('old', 0, { max: 10, terminating: 2 }) };
  expect(plan(deployment(recreate), [waiting]).sizes).toEqual({});
  expect(plan(deployment(recreate), [set('old', 0, { max: 10 })]).sizes).toEqual({ created: 10 });
});

test('a paused deployment scales but does not roll out, and says so', () => {
  const given = deployment({ paused: true, replicas: 4 });
  const { sizes, condition } = plan(given, [set('old', 10)]);
  expect(sizes).toEqual({ 'web-old': 4 });
  expect(condition('Progressing')).toMatchObject({
    status: 'Unknown',
    reason: 'DeploymentPaused',
    message: 'Deployment is paused',
  });
  const resumed = deployment({ status: { conditions: [progressing('DeploymentPaused', 0, 'Unknown')] } });
  expect(plan(resumed, [set('new', 10)]).condition('Progressing')?.reason).not.toBe('DeploymentPaused');
});

test('the revision of a template that is used again rises, and its old one stays readable', () => {
  const back = set('new', 0, { revision: 1, created: -300 });
  const { writes, written } = plan(
    deployment({ annotations: { 'deployment.kubernetes.io/revision': '2', note: 'x' } }),
    [back, set('old', 10, { revision: 2 })],
  );
  const annotations = writes.find(({ object }) => object.metadata.name === 'web-new')?.object.metadata.annotations;
  expect(annotations).toMatchObject({
    'deployment.kubernetes.io/revision': '3',
    'deployment.kubernetes.io/revision-history': '1',
    note: 'x',
  });
  expect(written?.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
});

test('revisions beyond what a double holds rise by one', () => {
  const old = set('old', 10);
  old.metadata.annotations = {
    ...old.metadata.annotations,
    'deployment.kubernetes.io/revision': '3546343826724305832',
  };
  const { written } = plan(deployment(), [set('new', 0, { revision: 1 }), old]);
  expect(written?.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3546343826724305833');
});

test('ReplicaSets beyond the history limit go, the oldest first, and never one with pods', () => {
  const sets = [
    set('a', 0, { revision: 1 }),
    set('b', 1, { revision: 2 }),
    set('c', 0, { revision: 3 }),
    set('d', 0, { revision: 4 }),
    set('new', 10, { revision: 5 }),
  ];
  const complete = {
    replicas: 10,
    updatedReplicas: 10,
    availableReplicas: 10,
    readyReplicas: 10,
    observedGeneration: 1,
  };
  const { deleted } = plan(deployment({ revisionHistoryLimit: 1, status: complete }), sets);
  expect(deleted).toEqual(['web-a', 'web-c']);
  expect(plan(deployment({ revisionHistoryLimit: 1 }), sets).deleted).toEqual([]);
});

test('a rollout that does not move times out, once, and is looked at until then', () => {
  const stuck = (seconds: number, reason = 'ReplicaSetUpdated') =>
    deployment({
      status: {
        observedGeneration: 1,
        replicas: 13,
        updatedReplicas: 3,
        readyReplicas: 8,
        availableReplicas: 8,
        conditions: [progressing(reason, seconds, reason === 'ReplicaSetUpdated' ? 'True' : 'False')],
      },
    });
  const sets = [set('old', 8, { created: -300 }), set('new', 5, { available: 0, created: -100 })];
  const early = plan(stuck(-100), sets);
  expect(early.condition('Progressing')?.reason).not.toBe('ProgressDeadlineExceeded');
  expect(early.requeueAfter).toBeGreaterThanOrEqual(1000);
  const late = plan(deployment({ status: { ...stuck(-601).status, updatedReplicas: 5 } }), sets);
  expect(late.condition('Progressing')).toMatchObject({
    status: 'False',
    reason: 'ProgressDeadlineExceeded',
    message: 'ReplicaSet "web-new" has timed out progressing.',
  });
  expect(late.requeueAfter).toBeUndefined();
});

test('a complete rollout says so and asks for no further look', () => {
  const { condition, requeueAfter, written } = plan(deployment(), [set('old', 0), set('new', 10, { revision: 2 })]);
  expect(condition('Progressing')).toMatchObject({
    reason: 'NewReplicaSetAvailable',
    message: 'ReplicaSet "web-new" has successfully progressed.',
  });
  expect(condition('Available')?.status).toBe('True');
  expect(requeueAfter).toBeUndefined();
  expect(
    plan({ ...deployment(), metadata: written!.metadata, status: written!.status }, [
      set('old', 0),
      set('new', 10, { revision: 2 }),
    ]).writes,
  ).toEqual([]);
});

test('the failure of a ReplicaSet shows in the deployment and goes with it', () => {
  const failing = plan(deployment(), [set('new', 10, { available: 0, failure: 'quota' })]);
  expect(failing.condition('ReplicaFailure')).toMatchObject({
    status: 'True',
    reason: 'FailedCreate',
    message: 'quota',
  });
  const after = plan({ ...deployment(), status: failing.written!.status }, [set('new', 10)]);
  expect(after.condition('ReplicaFailure')).toBeUndefined();
});

test('the hash of a template is stable and changes with each collision', () => {
  const nameOf = (given: Deployment) => plan(given, []).writes[0]?.object.metadata.name;
  expect(nameOf(deployment())).toBe(nameOf(deployment({ replicas: 3 })));
  expect(nameOf(deployment())).not.toBe(nameOf(deployment({ status: { collisionCount: 1 } })));
  expect(nameOf(deployment())).not.toBe(nameOf(deployment({ image: 'other' })));
});

test('a deployment that is being deleted writes its status only', () => {
  const given = deployment();
  given.metadata.deletionTimestamp = at(0);
  const { sizes, deleted } = plan(given, [set('old', 10)]);
  expect([sizes, deleted]).toEqual([{}, []]);
});
