import type { PersistentVolumeClaim, Pod } from '../../kinds/index.ts';
import { controllerOf } from '../../machinery/meta.ts';

/**
 * Whether a pod keeps a claim that is being deleted. One without a node does not: no node starts a pod whose claim is
 * going. Upstream: podUsesPVCForDeletion.
 */
export function usesClaim(pod: Pod, claim: PersistentVolumeClaim): boolean {
  if (!pod.spec?.nodeName) return false;
  const { name } = claim.metadata;
  return (pod.spec.volumes ?? []).some(
    (volume) =>
      volume.persistentVolumeClaim?.claimName === name ||
      (volume.ephemeral !== undefined &&
        `${pod.metadata.name}-${volume.name}` === name &&
        controllerOf(claim.metadata)?.uid === pod.metadata.uid &&
        !isShutDown(pod)),
  );
}

/** The node is done with it, or it was deleted by force. */
const isShutDown = ({ metadata }: Pod): boolean =>
  metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0;
