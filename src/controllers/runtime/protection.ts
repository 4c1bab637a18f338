import type { KindRef } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import type { Plan } from './apply-plan.ts';
import { type Change, keyOfObject } from './change.ts';

export interface ProtectionInput {
  kind: KindRef;
  object: KubeObject;
  finalizer: string;
  /** Whether something uses the object; only what is being deleted asks. */
  used: boolean;
}

/** `keys` of a watch: the changed object itself, where its finalizer is to be taken away or given. */
export const keysOfUnsettled =
  (finalizer: string) =>
  ({ type, projection, ...change }: Change): string[] =>
    type !== 'DELETED' && isUnsettled(projection.finalizers, projection.deleting, finalizer)
      ? keyOfObject({ type, projection, ...change })
      : [];

/** Whether an object waits for its finalizer to be taken away, or lacks it. */
function isUnsettled(finalizers: readonly string[] | undefined, deleting: boolean, finalizer: string): boolean {
  return (finalizers ?? []).includes(finalizer) === deleting;
}

/**
 * Keeps what is used by a finalizer, and lets it go once it is not. Upstream: volume/protectionutil.
 */
export function planProtection({ kind, object, finalizer, used }: ProtectionInput): Plan {
  const { metadata } = object;
  const deleting = metadata.deletionTimestamp !== undefined;
  if (!isUnsettled(metadata.finalizers, deleting, finalizer) || (deleting && used)) return { steps: [] };
  const others = (metadata.finalizers ?? []).filter((one) => one !== finalizer);
  const finalizers = deleting ? others : [...others, finalizer];
  const changed = { ...object, metadata: { ...metadata, finalizers } };
  return { steps: [{ writes: [{ type: 'update', kind, object: changed }] }] };
}
