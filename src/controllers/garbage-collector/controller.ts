import type { KubeObject, OwnerReference } from '../../machinery/meta.ts';
import { applyOrThrow, applyPlan, type Write } from '../runtime/apply-plan.ts';
import {
  type Controller,
  type Dependent,
  defineController,
  type ReconcileContext,
  type ReconcileResult,
  type ServedKind,
} from '../runtime/define-controller.ts';
import { formatTask, parseTask, type Task, tasksOf } from './keys.ts';
import { OwnerMemory } from './owner-memory.ts';
import {
  closesCircle,
  collect,
  FOREGROUND,
  ORPHAN,
  type OwnerState,
  planItem,
  removeFinalizer,
  removeOwners,
} from './plan.ts';

/** How long an owner that waits for its dependents is left alone if none of them is seen to go. */
const WAIT = 30_000;

/**
 * Deletes what nobody owns any more. Upstream: pkg/controller/garbagecollector, which keeps a graph of the whole
 * cluster in memory; here the owner index of storage answers who depends on an object, and live reads who owns it.
 */
export function createGarbageCollector(): Controller {
  const memory = new OwnerMemory();
  return defineController({
    name: 'garbage-collector-controller',
    serviceAccount: 'generic-garbage-collector',
    watches: [{ kind: 'all', keys: (change) => tasksOf(change, memory) }],
    permissions: [
      { groups: ['*'], resources: ['*'], verbs: ['delete', 'get', 'list', 'patch', 'update', 'watch'] },
      { groups: [''], resources: ['events'], verbs: ['create', 'patch', 'update'] },
    ],
    concurrency: 8,
    reconcile: (key, context) => new Collection(context, memory).run(parseTask(key)),
  });
}

interface Item {
  kind: ServedKind;
  namespace: string;
  name: string;
}

class Collection {
  readonly #context: ReconcileContext;
  readonly #memory: OwnerMemory;

  constructor(context: ReconcileContext, memory: OwnerMemory) {
    this.#context = context;
    this.#memory = memory;
  }

  async run(task: Task): Promise<ReconcileResult | undefined> {
    if (task.type === 'gone') {
      this.#memory.note(task.uid, 'gone');
      await this.#collectDependents(await this.#context.dependentsOf(task.uid));
      return undefined;
    }
    const find = (kinds: readonly ServedKind[]) =>
      task.type === 'item'
        ? kinds.find(({ storedAs }) => storedAs === task.stored)
        : kindOf(kinds, task.apiVersion, task.kind);
    const kind = find(await this.#context.kinds()) ?? find(await this.#context.kinds(true));
    // A kind that is not served any more has taken its objects with it.
    if (kind === undefined) return undefined;
    const namespace = kind.namespaced ? task.namespace : '';
    return this.#lookAt({ kind, namespace, name: task.name });
  }

  /**
   * Deletes the dependents of an owner that is gone. Those whose owners are all known to be gone need no read: the
   * owner index is as fresh as the objects, and the version in the precondition guards what is decided here.
   */
  async #collectDependents(dependents: readonly Dependent[]): Promise<void> {
    const certain = ({ owners }: Dependent) => owners.every(({ uid }) => this.#memory.get(uid) === 'gone');
    const present = dependents.filter(({ deleting }) => !deleting);
    const writes = present.filter(certain).map(collect);
    const { error } = await applyPlan({ steps: [{ writes }] }, this.#context);
    // One that was changed meanwhile is looked at anew, as are all when something else went wrong.
    await this.#lookAtAll(error === undefined ? present.filter((item) => !certain(item)) : present);
  }

  async #lookAtAll(items: readonly Dependent[]): Promise<void> {
    const kinds = await this.#context.kinds();
    const queue = items.filter(({ deleting }) => !deleting);
    const work = async (): Promise<void> => {
      for (let item = queue.pop(); item !== undefined; item = queue.pop()) {
        const { kind, namespace, name } = item;
        const served = kinds.find(({ group, resource }) => group === kind.group && resource === kind.resource);
        if (served) await this.#lookAt({ kind: served, namespace, name });
      }
    };
    await Promise.all(Array.from({ length: Math.min(8, queue.length) }, work));
  }

  async #lookAt({ kind, namespace, name }: Item): Promise<ReconcileResult | undefined> {
    const object = await this.#context.client.find<KubeObject>(kind, { namespace, name });
    if (object === undefined) return undefined;
    const { finalizers = [], deletionTimestamp, ownerReferences = [], uid = '' } = object.metadata;
    this.#memory.note(uid, deletionTimestamp ? 'deleting' : 'alive');
    if (deletionTimestamp) {
      if (finalizers.includes(ORPHAN)) return this.#orphan(kind, object);
      if (finalizers.includes(FOREGROUND)) return this.#awaitDependents(kind, object);
      return undefined;
    }
    if (ownerReferences.length === 0) return undefined;
    const owners = new Map<OwnerReference, OwnerState>();
    for (const owner of ownerReferences) owners.set(owner, await this.#stateOf(owner, { kind, namespace, name }));
    const undecided = ![...owners.values()].includes('solid');
    const dependents = undecided ? await this.#context.dependentsOf(uid) : [];
    await applyOrThrow(planItem({ kind, object, owners, dependents }), this.#context);
    if (undecided && closesCircle(ownerReferences, dependents))
      for (const { apiVersion, kind: ownerKind, name: ownerName } of ownerReferences)
        this.#context.enqueue(formatTask({ type: 'owner', apiVersion, kind: ownerKind, namespace, name: ownerName }));
    return undefined;
  }

  async #stateOf(owner: OwnerReference, item: Item): Promise<OwnerState> {
    const known = this.#memory.get(owner.uid);
    if (known === 'gone') return 'absent';
    if (known === 'alive') return 'solid';
    const kind = kindOf(await this.#context.kinds(), owner.apiVersion, owner.kind);
    // Whether the owner exists cannot be told, so the object stays.
    if (kind === undefined || (kind.namespaced && item.namespace === '')) return 'solid';
    const namespace = kind.namespaced ? item.namespace : '';
    const found = await this.#context.client.find<KubeObject>(kind, { namespace, name: owner.name });
    if (found === undefined || found.metadata.uid !== owner.uid) return 'absent';
    this.#memory.note(owner.uid, found.metadata.deletionTimestamp ? 'deleting' : 'alive');
    const waits = found.metadata.deletionTimestamp && found.metadata.finalizers?.includes(FOREGROUND);
    return waits ? 'waiting' : 'solid';
  }

  /** Deletes the dependents of an object that waits for them; the last of those that block it lets it go. */
  async #awaitDependents(kind: ServedKind, object: KubeObject): Promise<ReconcileResult | undefined> {
    const { uid = '' } = object.metadata;
    const dependents = await this.#context.dependentsOf(uid);
    const blocking = await this.#blocking(dependents, uid);
    if (blocking === 0) {
      await applyOrThrow({ steps: [{ writes: [removeFinalizer(kind, object, FOREGROUND)] }] }, this.#context);
      return undefined;
    }
    this.#memory.note(uid, 'deleting');
    await this.#lookAtAll(dependents);
    return { requeueAfter: WAIT };
  }

  async #blocking(dependents: readonly Dependent[], uid: string): Promise<number> {
    let blocking = 0;
    for (const { kind, namespace, name } of dependents) {
      const object = await this.#context.client.find<KubeObject>(kind, { namespace, name });
      const owner = object?.metadata.ownerReferences?.find((reference) => reference.uid === uid);
      if (owner?.blockOwnerDeletion) blocking++;
      // One is enough to wait; the rest is counted when it is gone.
      if (blocking > 0) break;
    }
    return blocking;
  }

  /** Cuts the dependents of an object loose, then lets it go. */
  async #orphan(kind: ServedKind, object: KubeObject): Promise<undefined> {
    const { uid = '' } = object.metadata;
    const writes: Write[] = [];
    for (const dependent of await this.#context.dependentsOf(uid)) {
      const { namespace, name } = dependent;
      const found = await this.#context.client.find<KubeObject>(dependent.kind, { namespace, name });
      const references = found?.metadata.ownerReferences?.filter((owner) => owner.uid === uid) ?? [];
      if (found && references.length > 0) writes.push(removeOwners(dependent.kind, found, references));
    }
    const steps = [{ writes }, { writes: [removeFinalizer(kind, object, ORPHAN)] }];
    await applyOrThrow({ steps }, this.#context);
  }
}

function kindOf(kinds: readonly ServedKind[], apiVersion: string, kind: string): ServedKind | undefined {
  const slash = apiVersion.indexOf('/');
  const group = slash === -1 ? '' : apiVersion.slice(0, slash);
  return kinds.find((candidate) => candidate.group === group && candidate.kind === kind);
}
