import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSetCondition } from '../../kinds/index.ts';
import { apiTime } from '../../machinery/time.ts';
import { parseTime } from '../runtime/time.ts';
import { maxUnavailable, progressDeadline, replicasOf } from './limits.ts';
import { allSets, type Rollout, sumOf } from './rollout.ts';

export const PROGRESSING = 'Progressing';
export const TIMED_OUT = 'ProgressDeadlineExceeded';
const NEW_SET_AVAILABLE = 'NewReplicaSetAvailable';
const AVAILABLE = 'Available';
const REPLICA_FAILURE = 'ReplicaFailure';

export type Conditions = DeploymentCondition[];
type NewCondition = Pick<DeploymentCondition, 'type' | 'status' | 'reason' | 'message'>;

export function conditionOf(conditions: readonly DeploymentCondition[] | undefined, type: string) {
  return conditions?.find((condition) => condition.type === type);
}

/** Sets a condition; one of the same status and reason stays as it is. Upstream: SetDeploymentCondition. */
export function setCondition(conditions: Conditions, condition: NewCondition, now: number): void {
  const old = conditionOf(conditions, condition.type);
  if (old?.status === condition.status && old.reason === condition.reason) return;
  replaceCondition(conditions, condition, now);
}

function replaceCondition(conditions: Conditions, condition: NewCondition, now: number): void {
  const old = conditionOf(conditions, condition.type);
  const time = apiTime(now);
  const lastTransitionTime = old?.status === condition.status ? old.lastTransitionTime : time;
  removeCondition(conditions, condition.type);
  conditions.push({ ...condition, lastUpdateTime: time, lastTransitionTime });
}

function removeCondition(conditions: Conditions, type: string): void {
  const at = conditions.findIndex((condition) => condition.type === type);
  if (at !== -1) conditions.splice(at, 1);
}

/** Counts and availability, from the statuses of the ReplicaSets. Upstream: calculateStatus. */
export function calculateStatus(rollout: Rollout, conditions: Conditions, now: number): DeploymentStatus {
  const { deployment, newSet } = rollout;
  const sets = allSets(rollout);
  const available = sumOf(sets, (set) => set.status?.availableReplicas);
  const total = sets.reduce((sum, { object }) => sum + (object.spec?.replicas ?? 1), 0);
  const enough = available >= replicasOf(deployment) - maxUnavailable(deployment);
  setCondition(
    conditions,
    {
      type: AVAILABLE,
      status: enough ? 'True' : 'False',
      reason: enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
      message: `Deployment ${enough ? 'has' : 'does not have'} minimum availability.`,
    },
    now,
  );
  return {
    observedGeneration: deployment.metadata.generation,
    replicas: sumOf(sets, (set) => set.status?.replicas),
    updatedReplicas: newSet?.object.status?.replicas ?? 0,
    readyReplicas: sumOf(sets, (set) => set.status?.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, total - available),
    terminatingReplicas: sumOf(sets, (set) => set.status?.terminatingReplicas),
    collisionCount: deployment.status?.collisionCount,
    conditions,
  };
}

/** All replicas are of the current template and available, and no other ones are left. */
export function isComplete(deployment: Deployment, status: DeploymentStatus | undefined): boolean {
  const wanted = replicasOf(deployment);
  return (
    (status?.updatedReplicas ?? 0) === wanted &&
    (status?.replicas ?? 0) === wanted &&
    (status?.availableReplicas ?? 0) === wanted &&
    (status?.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

/** Something moved since the status was last written. Upstream: DeploymentProgressing. */
function isProgressing(old: DeploymentStatus | undefined, status: DeploymentStatus): boolean {
  const count = (from: DeploymentStatus | undefined, field: 'replicas' | 'updatedReplicas') => from?.[field] ?? 0;
  const oldPods = (from: DeploymentStatus | undefined) => count(from, 'replicas') - count(from, 'updatedReplicas');
  return (
    count(status, 'updatedReplicas') > count(old, 'updatedReplicas') ||
    oldPods(status) < oldPods(old) ||
    (status.readyReplicas ?? 0) > (old?.readyReplicas ?? 0) ||
    (status.availableReplicas ?? 0) > (old?.availableReplicas ?? 0)
  );
}

/** Tells in the conditions how the rollout goes. `status.conditions` is changed. Upstream: syncRolloutStatus. */
export function reportProgress(rollout: Rollout, status: DeploymentStatus, now: number): void {
  const { deployment, newSet } = rollout;
  const conditions = status.conditions!;
  const deadline = progressDeadline(deployment);
  if (deadline === undefined) removeCondition(conditions, PROGRESSING);
  const current = conditionOf(conditions, PROGRESSING);
  const settled = status.replicas === status.updatedReplicas && current?.reason === NEW_SET_AVAILABLE;
  if (deadline !== undefined && !settled) {
    const subject = newSet ? `ReplicaSet "${newSet.object.metadata.name}"` : `Deployment "${deployment.metadata.name}"`;
    const progress = (ok: boolean, reason: string, what: string): NewCondition => ({
      type: PROGRESSING,
      status: ok ? 'True' : 'False',
      reason,
      message: `${subject} ${what}`,
    });
    if (isComplete(deployment, status)) {
      setCondition(conditions, progress(true, NEW_SET_AVAILABLE, 'has successfully progressed.'), now);
    } else if (isProgressing(deployment.status, status)) {
      // Written anew even when it says the same: the deadline counts from its time.
      replaceCondition(conditions, progress(true, 'ReplicaSetUpdated', 'is progressing.'), now);
    } else if (isTimedOut(current, deadline, now)) {
      setCondition(conditions, progress(false, TIMED_OUT, 'has timed out progressing.'), now);
    }
  }
  reportFailure(rollout, conditions);
}

function isTimedOut(current: DeploymentCondition | undefined, deadline: number, now: number): boolean {
  if (current === undefined || current.reason === NEW_SET_AVAILABLE) return false;
  if (current.reason === TIMED_OUT) return true;
  return parseTime(current.lastUpdateTime) + deadline * 1000 < now;
}

/** The failure of a ReplicaSet, the current one's first. */
function reportFailure(rollout: Rollout, conditions: Conditions): void {
  const { newSet, oldSets } = rollout;
  const failure = [...(newSet ? [newSet] : []), ...oldSets]
    .flatMap(({ object }) => object.status?.conditions ?? [])
    .find((condition): condition is ReplicaSetCondition => condition.type === REPLICA_FAILURE);
  removeConditionUnless(conditions, failure);
  if (failure === undefined || conditionOf(conditions, REPLICA_FAILURE)) return;
  const { type, status, reason, message, lastTransitionTime } = failure;
  conditions.push({ type, status, lastUpdateTime: lastTransitionTime, lastTransitionTime, reason, message });
}

function removeConditionUnless(conditions: Conditions, failure: ReplicaSetCondition | undefined): void {
  const old = conditionOf(conditions, REPLICA_FAILURE);
  if (old && (old.status !== failure?.status || old.reason !== failure.reason)) {
    removeCondition(conditions, REPLICA_FAILURE);
  }
}

/** Milliseconds until the deadline of a rollout that does not move. Upstream: requeueStuckDeployment. */
export function deadlineIn(deployment: Deployment, status: DeploymentStatus, now: number): number | undefined {
  const deadline = progressDeadline(deployment);
  const current = conditionOf(status.conditions, PROGRESSING);
  if (deadline === undefined || current === undefined || deployment.spec?.paused) return undefined;
  if (current.reason === NEW_SET_AVAILABLE || current.reason === TIMED_OUT) return undefined;
  return Math.max(1000, parseTime(current.lastUpdateTime) + deadline * 1000 - now + 1000);
}
