import type { ReplicaSet } from '../../kinds/index.ts';
import { type Deployment, type DeploymentStatus, deployments, replicaSets } from '../../kinds/index.ts';
import type { Plan, Step, Write } from '../runtime/apply-plan.ts';
import { sameJson } from '../runtime/canonical.ts';
import type { EventSpec } from '../runtime/events.ts';
import { compareRevisions, REVISION, revisionOf } from './annotations.ts';
import { historyLimit, isRollingUpdate, progressDeadline, replicasOf } from './limits.ts';
import { rollForward } from './rolling.ts';
import { addNewSet, allSets, openRollout, type Planned, type Rollout, resize, sizeOf, syncNewSet } from './rollout.ts';
import { isScalingEvent, scaleAll } from './scale.ts';
import {
  type Conditions,
  calculateStatus,
  conditionOf,
  deadlineIn,
  isComplete,
  PROGRESSING,
  reportProgress,
  setCondition,
  TIMED_OUT,
} from './status.ts';

export interface DeploymentInput {
  deployment: Deployment;
  /** The ReplicaSets it controls. */
  sets: readonly ReplicaSet[];
  now: number;
}

export interface DeploymentPlan extends Plan {
  /** Milliseconds until the progress deadline may have passed. */
  requeueAfter?: number;
}

/**
 * One step of a deployment towards its template and size: pure, so that every case is a table row. All of a step is
 * planned against the copies in the rollout; then the differences become writes and the status is written last.
 * Upstream: DeploymentController.syncDeployment.
 */
export function planDeployment({ deployment, sets, now }: DeploymentInput): DeploymentPlan {
  const rollout = openRollout(deployment, sets);
  const conditions: Conditions = [...(deployment.status?.conditions ?? [])];
  const progress: Progress = { conditions, now, rollingOut: false, revision: revisionOf(deployment), cleanup: [] };
  if (!deployment.metadata.deletionTimestamp) advance(rollout, progress);
  const status = calculateStatus(rollout, conditions, now);
  if (progress.rollingOut) reportProgress(rollout, status, now);
  const writes = setWrites(rollout);
  const steps: Step[] = [
    { writes: writes.filter(({ type }) => type === 'create') },
    { writes: [...writes.filter(({ type }) => type !== 'create'), ...progress.cleanup] },
    { writes: statusWrites(deployment, status, progress.revision) },
  ];
  const requeueAfter = deadlineIn(deployment, status, now);
  return { steps, ...(requeueAfter === undefined ? {} : { requeueAfter }) };
}

interface Progress {
  conditions: Conditions;
  now: number;
  /** The step moved the rollout on, so that the status reports on its progress. */
  rollingOut: boolean;
  revision: bigint;
  cleanup: Write[];
}

function advance(rollout: Rollout, progress: Progress): void {
  const { deployment } = rollout;
  notePause(deployment, progress);
  const newSet = adoptNewSet(rollout, progress);
  if (deployment.spec?.paused || isScalingEvent(rollout)) {
    scaleAll(rollout);
    if (deployment.spec?.paused) progress.cleanup = planCleanup(rollout);
    return;
  }
  progress.rollingOut = true;
  if (isRollingUpdate(deployment)) rollForward(rollout, newSet ?? createNewSet(rollout, progress));
  else recreate(rollout, progress);
  if (isComplete(deployment, deployment.status)) progress.cleanup = planCleanup(rollout);
}

/** Upstream: checkPausedConditions. */
function notePause(deployment: Deployment, { conditions, now }: Progress): void {
  if (progressDeadline(deployment) === undefined) return;
  const current = conditionOf(conditions, PROGRESSING);
  if (current?.reason === TIMED_OUT) return;
  const noted = current?.reason === 'DeploymentPaused';
  const paused = deployment.spec?.paused === true;
  if (paused === noted) return;
  const [reason, message] = paused
    ? ['DeploymentPaused', 'Deployment is paused']
    : ['DeploymentResumed', 'Deployment is resumed'];
  setCondition(conditions, { type: PROGRESSING, status: 'Unknown', reason, message }, now);
}

function adoptNewSet(rollout: Rollout, progress: Progress): Planned | undefined {
  const { deployment, newSet } = rollout;
  if (newSet === undefined) return undefined;
  progress.revision = syncNewSet(rollout, newSet);
  if (progressDeadline(deployment) !== undefined && !conditionOf(progress.conditions, PROGRESSING)) {
    const message = `Found new replica set "${newSet.object.metadata.name}"`;
    const condition = { type: PROGRESSING, status: 'True', reason: 'FoundNewReplicaSet', message };
    setCondition(progress.conditions, condition, progress.now);
  }
  return newSet;
}

function createNewSet(rollout: Rollout, progress: Progress): Planned {
  const newSet = addNewSet(rollout);
  progress.revision = syncNewSet(rollout, newSet);
  if (progressDeadline(rollout.deployment) !== undefined) {
    const message = `Created new replica set "${newSet.object.metadata.name}"`;
    const condition = { type: PROGRESSING, status: 'True', reason: 'NewReplicaSetCreated', message };
    setCondition(progress.conditions, condition, progress.now);
  }
  return newSet;
}

/** The new version starts when no pod of an old one is left, terminating ones included. Upstream: recreate.go. */
function recreate(rollout: Rollout, progress: Progress): void {
  const active = rollout.oldSets.filter((set) => sizeOf(set) > 0);
  for (const set of active) resize(rollout, set, 0);
  const left = rollout.oldSets.some(({ object: { status } }) => status?.replicas || status?.terminatingReplicas);
  if (active.length > 0 || left) return;
  const newSet = rollout.newSet ?? createNewSet(rollout, progress);
  resize(rollout, newSet, replicasOf(rollout.deployment));
}

/** Deletes the oldest ReplicaSets beyond the history limit. Upstream: cleanupDeployment. */
function planCleanup(rollout: Rollout): Write[] {
  const limit = historyLimit(rollout.deployment);
  if (limit === undefined) return [];
  const alive = rollout.oldSets.filter(({ object }) => !object.metadata.deletionTimestamp);
  if (alive.length <= limit) return [];
  const byRevision = alive.sort((a, b) => compareRevisions(a.object, b.object));
  return byRevision
    .slice(0, alive.length - limit)
    .map(({ object }) => object)
    .filter(({ spec, status, metadata }) => {
      const settled = (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0);
      return settled && (spec?.replicas ?? 1) === 0 && (status?.replicas ?? 0) === 0;
    })
    .map((object) => ({ type: 'delete', kind: replicaSets, object }));
}

function setWrites(rollout: Rollout): Write[] {
  return allSets(rollout).flatMap(({ object, original }): Write[] => {
    const size = object.spec?.replicas ?? 1;
    const before = original === undefined ? 0 : (original.spec?.replicas ?? 1);
    const events = size === before ? {} : { events: { succeeded: () => scaled(rollout.deployment, object, before) } };
    if (original === undefined) return [{ type: 'create', kind: replicaSets, object, ...events }];
    const same =
      sameJson(object.spec, original.spec) &&
      sameJson(object.metadata.annotations, original.metadata.annotations ?? {});
    return same ? [] : [{ type: 'update', kind: replicaSets, object, ...events }];
  });
}

function scaled(deployment: Deployment, set: ReplicaSet, before: number): EventSpec {
  const size = set.spec?.replicas ?? 1;
  const message = `Scaled ${size > before ? 'up' : 'down'} replica set ${set.metadata.name} from ${before} to ${size}`;
  return { kind: deployments, object: deployment, type: 'Normal', reason: 'ScalingReplicaSet', message };
}

function statusWrites(deployment: Deployment, status: DeploymentStatus, revision: bigint): Write[] {
  const annotations = { ...deployment.metadata.annotations };
  if (revision > 0n) annotations[REVISION] = String(revision);
  const same =
    sameJson(normalStatus(deployment.status), normalStatus(status)) &&
    sameJson(annotations, deployment.metadata.annotations ?? {});
  if (same) return [];
  const object: Deployment = { ...deployment, metadata: { ...deployment.metadata, annotations }, status };
  return [{ type: 'update', kind: deployments, object, subresource: 'status' }];
}

/** Counts of zero are left out on the wire, except terminatingReplicas. */
function normalStatus(status: DeploymentStatus | undefined): unknown {
  const { conditions, terminatingReplicas, collisionCount, ...counts } = status ?? {};
  const nonZero = Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
  return { ...nonZero, conditions: conditions ?? [], terminatingReplicas, collisionCount };
}

/** What to write when the ReplicaSet could not be created; the caller throws the error. */
export function planCreateFailure({ deployment, now }: DeploymentInput, error: Error, name: string): Plan {
  const status: DeploymentStatus = { ...deployment.status };
  const message = `Failed to create new replica set "${name}": ${error.message}`;
  const conditions: Conditions = [...(status.conditions ?? [])];
  if (progressDeadline(deployment) !== undefined) {
    setCondition(conditions, { type: PROGRESSING, status: 'False', reason: 'ReplicaSetCreateError', message }, now);
  }
  const event: EventSpec = {
    kind: deployments,
    object: deployment,
    type: 'Warning',
    reason: 'ReplicaSetCreateError',
    message,
  };
  const writes = statusWrites(deployment, { ...status, conditions }, revisionOf(deployment));
  return { steps: [{ writes }], events: [event] };
}

/** Another ReplicaSet has the name that the hash gives: count the collision, so that the next hash differs. */
export function planCollision(deployment: Deployment): Plan {
  const status = { ...deployment.status, collisionCount: (deployment.status?.collisionCount ?? 0) + 1 };
  return { steps: [{ writes: statusWrites(deployment, status, revisionOf(deployment)) }] };
}
