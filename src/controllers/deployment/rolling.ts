import { maxUnavailable, replicasOf } from './limits.ts';
import { allowedSize, allSets, type Planned, type Rollout, resize, sizeOf, sumOf, totalSize } from './rollout.ts';

/** Moves a rolling update one step: first the new ReplicaSet grows, else old ones shrink. Upstream: rolling.go. */
export function rollForward(rollout: Rollout, newSet: Planned): void {
  if (resizeNew(rollout, newSet)) return;
  shrinkOld(rollout, newSet);
}

function resizeNew(rollout: Rollout, newSet: Planned): boolean {
  const wanted = replicasOf(rollout.deployment);
  const size = sizeOf(newSet);
  if (size === wanted) return false;
  return resize(rollout, newSet, size > wanted ? wanted : allowedSize(rollout, size));
}

function shrinkOld(rollout: Rollout, newSet: Planned): void {
  const { deployment, oldSets } = rollout;
  if (totalSize(oldSets) === 0) return;
  const minAvailable = replicasOf(deployment) - maxUnavailable(deployment);
  const newUnavailable = sizeOf(newSet) - (newSet.object.status?.availableReplicas ?? 0);
  // Pods of the new version that are not available yet may never be, so they do not count.
  const removable = totalSize(allSets(rollout)) - minAvailable - newUnavailable;
  if (removable <= 0) return;
  dropUnhealthy(rollout, removable);
  const available = sumOf(allSets(rollout), (set) => set.status?.availableReplicas);
  dropAvailable(rollout, available - minAvailable);
}

/** Old pods that serve nobody go first. Upstream: cleanupUnhealthyReplicas. */
function dropUnhealthy(rollout: Rollout, removable: number): void {
  let left = removable;
  for (const set of rollout.oldSets) {
    if (left <= 0) return;
    const unhealthy = sizeOf(set) - (set.object.status?.availableReplicas ?? 0);
    if (unhealthy <= 0) continue;
    const drop = Math.min(left, unhealthy);
    resize(rollout, set, sizeOf(set) - drop);
    left -= drop;
  }
}

/** Upstream: scaleDownOldReplicaSetsForRollingUpdate. */
function dropAvailable(rollout: Rollout, spare: number): void {
  let left = spare;
  for (const set of rollout.oldSets) {
    if (left <= 0) return;
    const drop = Math.min(left, sizeOf(set));
    if (drop === 0) continue;
    resize(rollout, set, sizeOf(set) - drop);
    left -= drop;
  }
}
