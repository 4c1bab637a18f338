/**
 * What a DELETE does to an object: remove it, or mark it and let its finalizers or its node finish. Pure.
 * Upstream: registry/rest/delete.go BeforeDelete, registry/generic/registry/store.go.
 */
import type { Kind } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { apiTime } from '../../machinery/time.ts';
import type { DeleteOptions } from './delete-options.ts';

export type DeletionPlan =
  /** The object goes; `object` is its last state. */
  | { type: 'remove'; object: KubeObject; marked: boolean }
  /** The object stays, changed. */
  | { type: 'mark'; object: KubeObject }
  /** Deletion is under way already. */
  | { type: 'nothing' };

const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';

/** Plans the deletion of `old`, which is not changed. */
export function planDeletion(
  kind: Kind,
  old: KubeObject,
  { options, now }: { options: DeleteOptions; now: number },
): DeletionPlan {
  const object: KubeObject = { ...old, metadata: { ...old.metadata } };
  if (hasSpecFinalizers(kind)) return planByPhase(kind, object, { options, now });
  if (kind.delete.mark && object.metadata.deletionTimestamp === undefined) {
    kind.delete.mark(object, now);
    return { type: 'mark', object };
  }
  const graceful = planGrace(kind, object, { options, now });
  if (graceful === 'pending') return { type: 'nothing' };
  const finalizers = nextFinalizers(kind, object, options);
  const changed = finalizers.join() !== (object.metadata.finalizers ?? []).join();
  if (finalizers.length > 0) object.metadata.finalizers = finalizers;
  else delete object.metadata.finalizers;
  if (graceful === 'graceful') {
    const waits = (object.metadata.deletionGracePeriodSeconds ?? 0) > 0 || finalizers.length > 0;
    return waits ? { type: 'mark', object } : { type: 'remove', object, marked: true };
  }
  if (finalizers.length === 0) return { type: 'remove', object: old, marked: false };
  return markNow(object, { now, changed });
}

function markNow(object: KubeObject, { now, changed }: { now: number; changed: boolean }): DeletionPlan {
  const { metadata } = object;
  const first = metadata.deletionTimestamp === undefined;
  if (!first && !changed && metadata.deletionGracePeriodSeconds === 0) return { type: 'nothing' };
  if (first) {
    metadata.deletionTimestamp = apiTime(now);
    if (metadata.generation) metadata.generation++;
  }
  metadata.deletionGracePeriodSeconds = 0;
  return { type: 'mark', object };
}

/** Kinds with a `finalize` subresource keep the finalizers that count in their spec, and a phase in their status. */
function hasSpecFinalizers(kind: Kind): boolean {
  return kind.subresources.some((subresource) => subresource.name === 'finalize');
}

function planByPhase(
  kind: Kind,
  object: KubeObject,
  { options, now }: { options: DeleteOptions; now: number },
): DeletionPlan {
  const held = ((object.spec as { finalizers?: string[] } | undefined)?.finalizers ?? []).length > 0;
  if (object.metadata.deletionTimestamp !== undefined) {
    if (held || (object.metadata.finalizers?.length ?? 0) > 0) return { type: 'nothing' };
    return { type: 'remove', object, marked: false };
  }
  object.metadata.deletionTimestamp = apiTime(now);
  const finalizers = nextFinalizers(kind, object, options);
  if (finalizers.length > 0) object.metadata.finalizers = finalizers;
  else delete object.metadata.finalizers;
  object.status = { ...(object.status as object | undefined), phase: 'Terminating' };
  return { type: 'mark', object };
}

/** Sets the deletion time and period of objects that stop gracefully. */
function planGrace(
  kind: Kind,
  object: KubeObject,
  { options, now }: { options: DeleteOptions; now: number },
): 'none' | 'pending' | 'graceful' {
  if (!kind.delete.graceful) return 'none';
  const { metadata } = object;
  const running = metadata.deletionGracePeriodSeconds;
  if (metadata.deletionTimestamp !== undefined) {
    // Marked with no time left: an earlier deletion stopped half-way.
    if (running === undefined || running === 0) return 'none';
    const asked = options.gracePeriodSeconds;
    if (asked === undefined || asked >= running) return 'pending';
    // Either may be a bigint.
    const period = Number(asked) > 0 ? asked : 0;
    const asMarked = Date.parse(metadata.deletionTimestamp) - durationOf(running);
    metadata.deletionTimestamp = apiTime(asMarked + durationOf(period));
    metadata.deletionGracePeriodSeconds = period;
    return 'graceful';
  }
  const period = gracePeriod(object, options.gracePeriodSeconds);
  metadata.deletionTimestamp = apiTime(now + durationOf(period));
  metadata.deletionGracePeriodSeconds = period;
  if (metadata.generation) metadata.generation++;
  return 'graceful';
}

/** Milliseconds of a period in seconds. Go counts nanoseconds in 64 bits, and what does not fit loses its upper bits. */
function durationOf(seconds: number | bigint): number {
  return Number(BigInt.asIntN(64, BigInt(seconds) * 1_000_000_000n) / 1_000_000n);
}

/** What runs nowhere or has ended needs no time. Upstream: registry/core/pod/strategy.go CheckGracefulDelete. */
function gracePeriod(object: KubeObject, asked: number | undefined): number {
  const spec = object.spec as { nodeName?: string; terminationGracePeriodSeconds?: number } | undefined;
  const phase = (object.status as { phase?: string } | undefined)?.phase;
  if (!spec?.nodeName || phase === 'Succeeded' || phase === 'Failed') return 0;
  const period = asked ?? spec.terminationGracePeriodSeconds ?? 0;
  return period < 0 ? 1 : period;
}

/** Finalizers after the propagation policy was applied. Upstream: deletionFinalizersForGarbageCollection. */
function nextFinalizers(kind: Kind, object: KubeObject, options: DeleteOptions): string[] {
  const present = object.metadata.finalizers ?? [];
  const kept = present.filter((finalizer) => finalizer !== ORPHAN && finalizer !== FOREGROUND);
  const wanted = collector(kind, present, options);
  return wanted === undefined ? kept : [...kept, wanted];
}

function collector(kind: Kind, present: readonly string[], options: DeleteOptions): string | undefined {
  if (kind.delete.ownsNothing) return undefined;
  if (options.orphanDependents !== undefined) return options.orphanDependents ? ORPHAN : undefined;
  if (options.propagationPolicy === 'Orphan') return ORPHAN;
  if (options.propagationPolicy === 'Foreground') return FOREGROUND;
  if (options.propagationPolicy === 'Background') return undefined;
  for (const finalizer of present) if (finalizer === ORPHAN || finalizer === FOREGROUND) return finalizer;
  return kind.delete.orphanByDefault ? ORPHAN : undefined;
}

/** Whether nothing holds an object that is to be deleted any more. Upstream: deleteWithoutFinalizers. */
export function isDeletable(object: KubeObject): boolean {
  const { metadata } = object;
  if (metadata.deletionTimestamp === undefined || (metadata.finalizers?.length ?? 0) > 0) return false;
  if ((metadata.deletionGracePeriodSeconds ?? 0) > 0) return false;
  const finalizers = (object.spec as { finalizers?: string[] } | undefined)?.finalizers;
  return !Array.isArray(finalizers) || finalizers.length === 0;
}
