import { expect, test } from 'vitest';
import { planAggregation } from '../../src/controllers/clusterrole-aggregation/index.ts';
import { type OwnerState, planItem } from '../../src/controllers/garbage-collector/index.ts';
import { tasksOf } from '../../src/controllers/garbage-collector/keys.ts';
import { OwnerMemory } from '../../src/controllers/garbage-collector/owner-memory.ts';
import type { Change, Dependent } from '../../src/controllers/index.ts';
import { planFinished } from '../../src/controllers/pod-garbage-collector/index.ts';
import { type ClusterRole, configMaps, type Pod } from '../../src/kinds/index.ts';
import type { KubeObject } from '../../src/machinery/meta.ts';

const owner = (uid: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', name: uid, uid });

function decide(states: OwnerState[], { finalizers = [] as string[], dependents = [] as Dependent[] } = {}) {
  const references = states.map((_, i) => owner(`o${i}`));
  const object: KubeObject = {
    metadata: { name: 'x', namespace: 'ns', uid: 'x', resourceVersion: '7', finalizers, ownerReferences: references },
  };
  const owners = new Map(references.map((reference, i) => [reference, states[i] as OwnerState]));
  const write = planItem({ kind: configMaps, object, owners, dependents }).steps[0]?.writes[0];
  if (write === undefined) return 'keep';
  if (write.type === 'delete')
    return `delete ${write.options?.propagationPolicy} at ${write.options?.preconditions?.resourceVersion}`;
  const { metadata } = (write as { patch: { metadata: { ownerReferences: { uid: string }[] } } }).patch;
  return `keep with ${metadata.ownerReferences.map(({ uid }) => uid).join()}`;
}

test('an object stays as long as one owner does, without references to those that are gone', () => {
  expect(decide(['solid'])).toBe('keep');
  expect(decide(['solid', 'absent'])).toBe('keep with o0');
  expect(decide(['waiting', 'solid'])).toBe('keep with o1');
});

test('an object without owners left goes, as its finalizers and its waiting owners say', () => {
  expect(decide(['absent'])).toBe('delete Background at 7');
  expect(decide(['absent', 'absent'], { finalizers: ['orphan'] })).toBe('delete Orphan at 7');
  expect(decide(['absent'], { finalizers: ['foregroundDeletion'] })).toBe('delete Foreground at 7');
  expect(decide(['waiting'], { dependents: [{} as Dependent] })).toBe('delete Foreground at 7');
  expect(decide(['waiting', 'absent'])).toBe('delete Background at 7');
});

test('an object that would close a circle of owners that wait unblocks its own first', () => {
  const reference = { ...owner('o'), blockOwnerDeletion: true };
  const object = { metadata: { name: 'x', uid: 'x', resourceVersion: '7', ownerReferences: [reference] } };
  const waits = { deleting: true, finalizers: ['foregroundDeletion'] } as unknown as Dependent;
  const steps = (dependents: Dependent[]) =>
    planItem({ kind: configMaps, object, owners: new Map([[reference, 'waiting']]), dependents }).steps.map(
      ({ writes: [write] }) => write,
    );
  expect(steps([{ ...waits, deleting: false }])).toHaveLength(1);
  const [unblock, deletion] = steps([waits]);
  expect(unblock).toMatchObject({
    patch: { metadata: { resourceVersion: '7', ownerReferences: [{ uid: 'o', blockOwnerDeletion: false }] } },
  });
  expect(deletion).toMatchObject({ options: { propagationPolicy: 'Foreground', preconditions: { uid: 'x' } } });
});

function change(
  type: Change['type'],
  uid: string,
  owners: string[],
  more: { deleting?: boolean; old?: string[] } = {},
): Change {
  const projected = (uids: string[]) => ({
    uid,
    labels: {},
    fields: {},
    owners: uids.map((o) => ({ ...owner(o), controller: false })),
    deleting: more.deleting ?? false,
  });
  return {
    revision: 1,
    type,
    key: { resource: 'configmaps', namespace: 'ns', name: uid },
    projection: projected(owners),
    ...(more.old ? { old: projected(more.old) } : {}),
  };
}

test('the collector reads nothing for objects whose owners it has seen alive', () => {
  const memory = new OwnerMemory();
  expect(tasksOf(change('ADDED', 'a', []), memory)).toEqual([]);
  expect(tasksOf(change('ADDED', 'b', ['a']), memory)).toEqual([]);
  expect(tasksOf(change('MODIFIED', 'b', ['a'], { old: ['a'] }), memory)).toEqual([]);
  expect(tasksOf(change('ADDED', 'c', ['unknown']), memory)).toEqual(['item configmaps ns c']);
});

test('an owner that is gone does not come back by a late change', () => {
  const memory = new OwnerMemory();
  tasksOf(change('ADDED', 'a', []), memory);
  expect(tasksOf(change('DELETED', 'a', []), memory)).toEqual(['gone a']);
  tasksOf(change('MODIFIED', 'a', []), memory);
  expect(tasksOf(change('ADDED', 'b', ['a']), memory)).toEqual(['item configmaps ns b']);
});

test('the end of a dependent wakes an owner that may be waiting for it', () => {
  const memory = new OwnerMemory();
  tasksOf(change('MODIFIED', 'a', [], { deleting: true }), memory);
  expect(tasksOf(change('DELETED', 'b', ['a']), memory)).toEqual(['gone b', 'owner v1 ConfigMap ns a']);
});

test('aggregation reaches through aggregated roles in one plan', () => {
  const role = (name: string, labels: Record<string, string>, more: Partial<ClusterRole>): ClusterRole => ({
    metadata: { name, labels },
    ...more,
  });
  const rule = (resource: string) => ({ apiGroups: [''], resources: [resource], verbs: ['get'] });
  const select = (label: string) => ({ clusterRoleSelectors: [{ matchLabels: { [label]: 'true' } }] });
  const roles = [
    role('admin', {}, { aggregationRule: select('to-admin') }),
    role('edit', { 'to-admin': 'true' }, { aggregationRule: select('to-edit') }),
    role('view', { 'to-edit': 'true' }, { aggregationRule: select('to-view'), rules: [rule('stale')] }),
    role('leaf', { 'to-view': 'true', 'to-admin': 'true' }, { rules: [rule('pods')] }),
  ];
  const writes = planAggregation(roles).steps[0]?.writes ?? [];
  expect(writes.map(({ object }) => [object.metadata.name, (object as ClusterRole).rules])).toEqual([
    ['admin', [rule('pods')]],
    ['edit', [rule('pods')]],
    ['view', [rule('pods')]],
  ]);
  const after = roles.map(
    (old) => (writes.find(({ object }) => object.metadata.name === old.metadata.name)?.object as ClusterRole) ?? old,
  );
  expect(planAggregation(after).steps[0]?.writes).toEqual([]);
});

test('finished pods beyond the threshold go, the oldest first', () => {
  const pod = (name: string, phase: string, day: number): Pod => ({
    metadata: { name, uid: name, creationTimestamp: `2026-01-0${day}T00:00:00Z` },
    spec: { containers: [] },
    status: { phase },
  });
  const all = [pod('c', 'Failed', 3), pod('run', 'Running', 1), pod('a', 'Succeeded', 1), pod('b', 'Succeeded', 2)];
  expect(planFinished(all, 1).steps[0]?.writes.map(({ object }) => object.metadata.name)).toEqual(['a', 'b']);
  expect(planFinished(all, 3).steps).toEqual([]);
});
