import type { KindRef } from '../../machinery/kind.ts';
import type { KubeObject, OwnerReference } from '../../machinery/meta.ts';
import type { Plan, Write } from '../runtime/apply-plan.ts';
import type { Dependent } from '../runtime/define-controller.ts';

export const FOREGROUND = 'foregroundDeletion';
export const ORPHAN = 'orphan';

/** `solid`: it is there; `waiting`: it is being deleted and waits for its dependents; `absent`: it is gone. */
export type OwnerState = 'solid' | 'waiting' | 'absent';

export interface ItemInput {
  kind: KindRef;
  /** The object, as it is now. */
  object: KubeObject;
  /** The state of each of its owners. */
  owners: ReadonlyMap<OwnerReference, OwnerState>;
  /** The objects that name this one as an owner; read only where no owner keeps it. */
  dependents: readonly Dependent[];
}

/**
 * What to do with an object because of its owners: it goes when no owner is left that keeps it, and references to
 * owners that are gone are removed when one is. Upstream: garbagecollector.go attemptToDeleteItem.
 */
export function planItem({ kind, object, owners, dependents }: ItemInput): Plan {
  const { metadata } = object;
  if (metadata.deletionTimestamp || owners.size === 0) return { steps: [] };
  const states = [...owners.values()];
  if (states.includes('solid')) {
    const gone = [...owners].filter(([, state]) => state !== 'solid').map(([owner]) => owner);
    if (gone.length === 0) return { steps: [] };
    return { steps: [{ writes: [removeOwners(kind, object, gone)] }] };
  }
  const waiting = states.includes('waiting') && dependents.length > 0;
  const policy = policyOf(metadata.finalizers, waiting);
  if (!waiting || !closesCircle(metadata.ownerReferences, dependents))
    return { steps: [{ writes: [deletion(kind, object, policy)] }] };
  // The version that unblocks its owners is not known yet, so the UID alone says what is deleted.
  const { resourceVersion: _, ...unblocked } = metadata;
  const steps = [unblockOwners(kind, object), deletion(kind, { metadata: unblocked }, policy)];
  return { steps: steps.map((write) => ({ writes: [write] })) };
}

/**
 * Whether an object blocks an owner that waits for it while a dependent waits for the object: were it deleted so, all
 * of them might wait for each other.
 */
export function closesCircle(owners: readonly OwnerReference[] = [], dependents: readonly Dependent[]): boolean {
  const waits = ({ deleting, finalizers }: Dependent): boolean => deleting && finalizers.includes(FOREGROUND);
  return owners.some(({ blockOwnerDeletion }) => blockOwnerDeletion) && dependents.some(waits);
}

function unblockOwners(kind: KindRef, object: KubeObject): Write {
  const { resourceVersion } = object.metadata;
  const ownerReferences = object.metadata.ownerReferences?.map((owner) => ({ ...owner, blockOwnerDeletion: false }));
  return { type: 'patch', kind, object, patch: { metadata: { resourceVersion, ownerReferences } } };
}

/** Deletes an object all of whose owners are gone, by what the owner index tells of it. */
export function collect({ kind, namespace, name, uid, resourceVersion, finalizers }: Dependent): Write {
  return deletion(kind, { metadata: { namespace, name, uid, resourceVersion } }, policyOf(finalizers, false));
}

function deletion(kind: KindRef, object: KubeObject, propagationPolicy: Policy): Write {
  const { uid, resourceVersion } = object.metadata;
  return { type: 'delete', kind, object, options: { propagationPolicy, preconditions: { uid, resourceVersion } } };
}

type Policy = 'Foreground' | 'Orphan' | 'Background';

/** An owner that waits wants to see the dependents of its dependents gone too. */
function policyOf(finalizers: readonly string[] = [], foreground: boolean): Policy {
  if (foreground) return 'Foreground';
  if (finalizers.includes(ORPHAN)) return 'Orphan';
  return finalizers.includes(FOREGROUND) ? 'Foreground' : 'Background';
}

/** Removes references to owners, by a patch that fails when the object changed meanwhile. */
export function removeOwners(kind: KindRef, object: KubeObject, gone: readonly OwnerReference[]): Write {
  const uids = new Set(gone.map(({ uid }) => uid));
  const ownerReferences = (object.metadata.ownerReferences ?? []).filter(({ uid }) => !uids.has(uid));
  const { resourceVersion } = object.metadata;
  return { type: 'patch', kind, object, patch: { metadata: { resourceVersion, ownerReferences } } };
}

/** Removes a finalizer, by a patch that fails when the object changed meanwhile. */
export function removeFinalizer(kind: KindRef, object: KubeObject, finalizer: string): Write {
  const { resourceVersion, finalizers = [] } = object.metadata;
  const patch = { metadata: { resourceVersion, finalizers: finalizers.filter((name) => name !== finalizer) } };
  return { type: 'patch', kind, object, patch };
}
