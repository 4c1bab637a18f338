import type { Deployment } from '../../kinds/index.ts';
import { compareRevisions, countIn, DESIRED_REPLICAS, MAX_REPLICAS } from './annotations.ts';
import { isRollingUpdate, maxSurge, replicasOf } from './limits.ts';
import { allSets, type Planned, type Rollout, resize, sizeOf, totalSize } from './rollout.ts';

/** Whether the wanted number changed since the ReplicaSets were last sized. Upstream: isScalingEvent. */
export function isScalingEvent(rollout: Rollout): boolean {
  const wanted = replicasOf(rollout.deployment);
  return allSets(rollout).some((set) => {
    const desired = countIn(set.object, DESIRED_REPLICAS);
    return sizeOf(set) > 0 && desired !== undefined && desired !== wanted;
  });
}

/**
 * Sizes ReplicaSets to a new wanted number without moving the rollout on: the only active one takes it all; in the
 * middle of a rolling update each takes its share, so that a bad version does not grow. Upstream: sync.go scale.
 */
export function scaleAll(rollout: Rollout): void {
  const { deployment, newSet, oldSets } = rollout;
  const wanted = replicasOf(deployment);
  const only = activeOrLatest(rollout);
  if (only) {
    if (sizeOf(only) !== wanted) resize(rollout, only, wanted);
  } else if (newSet && isSaturated(deployment, newSet)) {
    for (const set of oldSets) if (sizeOf(set) > 0) resize(rollout, set, 0);
  } else if (isRollingUpdate(deployment)) {
    scaleProportionally(rollout);
  }
}

/** The only ReplicaSet with a size, or the latest when none has one; undefined when several do. */
function activeOrLatest({ newSet, oldSets }: Rollout): Planned | undefined {
  const active = [...oldSets, ...(newSet ? [newSet] : [])].filter((set) => sizeOf(set) > 0);
  if (active.length === 0) return newSet ?? oldSets.at(-1);
  return active.length === 1 ? active[0] : undefined;
}

function isSaturated(deployment: Deployment, { object }: Planned): boolean {
  const wanted = replicasOf(deployment);
  return (
    countIn(object, DESIRED_REPLICAS) === wanted &&
    object.spec?.replicas === wanted &&
    (object.status?.availableReplicas ?? 0) === wanted
  );
}

function scaleProportionally(rollout: Rollout): void {
  const { deployment } = rollout;
  const active = allSets(rollout).filter((set) => sizeOf(set) > 0);
  const wanted = replicasOf(deployment);
  const toAdd = (wanted > 0 ? wanted + maxSurge(deployment) : 0) - totalSize(active);
  active.sort((a, b) => sizeOf(b) - sizeOf(a) || (toAdd > 0 ? revisionOrder(b, a) : revisionOrder(a, b)));
  let left = toAdd;
  const sizes = active.map((set) => {
    const share = left === 0 ? 0 : shareOf(deployment, set, left);
    left -= share;
    return sizeOf(set) + share;
  });
  // What rounding left over goes to the largest.
  for (const [i, set] of active.entries()) resize(rollout, set, Math.max(0, sizes[i]! + (i === 0 ? left : 0)));
}

/** The part of `left` (negative when shrinking) that falls to one. Upstream: GetReplicaSetProportion. */
function shareOf(deployment: Deployment, set: Planned, left: number): number {
  const fraction = fractionOf(deployment, set);
  return left > 0 ? Math.min(fraction, left) : Math.max(fraction, left);
}

/** Upstream: getReplicaSetFraction. */
function fractionOf(deployment: Deployment, set: Planned): number {
  const wanted = replicasOf(deployment);
  const size = sizeOf(set);
  if (wanted === 0) return -size;
  const before = countIn(set.object, MAX_REPLICAS) || (deployment.status?.replicas ?? 0);
  if (before === 0) return 0;
  return Math.round((size * (wanted + maxSurge(deployment))) / before) - size;
}

function revisionOrder(a: Planned, b: Planned): number {
  const created = (set: Planned) => set.object.metadata.creationTimestamp ?? '';
  if (created(a) !== created(b)) return created(a) < created(b) ? -1 : 1;
  return compareRevisions(a.object, b.object);
}
