import type { Change } from '../runtime/change.ts';
import type { OwnerMemory } from './owner-memory.ts';
import { FOREGROUND, ORPHAN } from './plan.ts';

/** What a key of the collector stands for. */
export type Task =
  /** The owner is gone: look at what it owned. */
  | { type: 'gone'; uid: string }
  /** Look at one object; `stored` is `pods` or `deployments.apps`. */
  | { type: 'item'; stored: string; namespace: string; name: string }
  /** The same, for an object that is known by kind. */
  | { type: 'owner'; apiVersion: string; kind: string; namespace: string; name: string };

/** The reverse of `parseTask`. */
export function formatTask(task: Task): string {
  if (task.type === 'gone') return `gone ${task.uid}`;
  if (task.type === 'item') return `item ${task.stored} ${task.namespace} ${task.name}`;
  return `owner ${task.apiVersion} ${task.kind} ${task.namespace} ${task.name}`;
}

export function parseTask(key: string): Task {
  const [type, a = '', b = '', c = '', d = ''] = key.split(' ');
  if (type === 'gone') return { type, uid: a };
  if (type === 'item') return { type, stored: a, namespace: b, name: c };
  return { type: 'owner', apiVersion: a, kind: b, namespace: c, name: d };
}

/** What a change asks of the collector; most changes ask nothing, which is decided without a read. */
export function tasksOf(change: Change, memory: OwnerMemory): string[] {
  const { key, projection, type, old } = change;
  const item: Task = { type: 'item', stored: key.resource, namespace: key.namespace, name: key.name };
  if (type === 'DELETED') {
    memory.note(projection.uid, 'gone');
    const waiting = projection.owners.filter(({ uid }) => memory.get(uid) !== 'alive' && memory.get(uid) !== 'gone');
    const owners = waiting.map(({ apiVersion, kind, name }): Task => {
      return { type: 'owner', apiVersion, kind, namespace: key.namespace, name };
    });
    return [{ type: 'gone' as const, uid: projection.uid }, ...owners].map(formatTask);
  }
  memory.note(projection.uid, projection.deleting ? 'deleting' : 'alive');
  if (projection.deleting) return waitsForCollector(projection.finalizers) ? [formatTask(item)] : [];
  const before = new Set(old?.owners.map(({ uid }) => uid));
  const fresh = projection.owners.some(({ uid }) => !before.has(uid) && memory.get(uid) !== 'alive');
  return fresh ? [formatTask(item)] : [];
}

function waitsForCollector(finalizers: readonly string[] = []): boolean {
  return finalizers.includes(FOREGROUND) || finalizers.includes(ORPHAN);
}
