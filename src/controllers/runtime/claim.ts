import type { KindRef } from '../../machinery/kind.ts';
import { apiVersionOf, controllerOf, type KubeObject, type OwnerReference } from '../../machinery/meta.ts';
import type { Write } from './apply-plan.ts';

export interface ClaimOptions<T extends KubeObject> {
  owner: KubeObject;
  ownerKind: KindRef;
  kind: KindRef<T>;
  candidates: readonly T[];
  matches(candidate: T): boolean;
}

export interface Claim<T> {
  /** What the owner controls once the writes are done. */
  owned: T[];
  writes: Write[];
}

/** The reference by which `owner` controls an object. Upstream: metav1.NewControllerRef. */
export function controllerReference(kind: KindRef, owner: KubeObject): OwnerReference {
  return {
    apiVersion: apiVersionOf(kind.group, kind.version),
    kind: kind.kind,
    name: owner.metadata.name ?? '',
    uid: owner.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}

/**
 * Decides which of some objects an owner controls: adopts orphans that match, releases its own that no longer do, and
 * never touches what another controls. An owner that is being deleted adopts nothing.
 * Upstream: pkg/controller/controller_ref_manager.go.
 */
export function planClaim<T extends KubeObject>(options: ClaimOptions<T>): Claim<T> {
  const { owner, ownerKind, kind, candidates, matches } = options;
  const uid = owner.metadata.uid;
  const owned: T[] = [];
  const writes: Write[] = [];
  const patch = (object: T, reference: object) =>
    writes.push({
      type: 'patch',
      kind,
      object,
      // The UID makes the patch fail on another object of the same name.
      patch: { metadata: { uid: object.metadata.uid, ownerReferences: [reference] } },
      patchType: 'strategic',
    });
  for (const object of candidates) {
    const controller = controllerOf(object.metadata);
    if (controller !== undefined) {
      if (controller.uid !== uid) continue;
      if (matches(object)) owned.push(object);
      else if (!owner.metadata.deletionTimestamp) patch(object, { $patch: 'delete', uid });
    } else if (matches(object) && !owner.metadata.deletionTimestamp && !object.metadata.deletionTimestamp) {
      owned.push(object);
      patch(object, controllerReference(ownerKind, owner));
    }
  }
  return { owned, writes };
}
