import {
  type Pod,
  pods,
  type ReplicaSet,
  type ReplicaSetCondition,
  type ReplicaSetStatus,
  replicaSets,
} from '../../kinds/index.ts';
import type { KindRef } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { apiTime } from '../../machinery/time.ts';
import type { Plan, Step, Write } from '../runtime/apply-plan.ts';
import { sameJson } from '../runtime/canonical.ts';
import { controllerReference } from '../runtime/claim.ts';
import type { EventSpec } from '../runtime/events.ts';
import { matchesPairs } from '../runtime/label-selector.ts';
import { availableIn, isActivePod, isFinishedPod } from '../runtime/pods.ts';
import { rankForDeletion } from '../runtime/rank-pods.ts';

/** Pods created or deleted in one go. Upstream: BurstReplicas. */
const BURST = 500;

/** What is written about the object that a ReplicaSet stands for. */
export interface Keeper {
  kind: KindRef;
  object: KubeObject;
}

export interface ReplicasInput {
  replicaSet: ReplicaSet;
  /** Left out: the ReplicaSet itself. */
  keeper?: Keeper;
  /** The pods it controls. */
  owned: readonly Pod[];
  /** All pods that serve the same purpose, its own included; read only when pods have to go. */
  related: readonly Pod[];
  now: number;
}

/** Pods wanted minus pods there; positive when pods have to be created. */
export function missingReplicas(replicaSet: ReplicaSet, owned: readonly Pod[]): number {
  return (replicaSet.spec?.replicas ?? 1) - owned.filter(isActivePod).length;
}

/** Creates or deletes pods until their number is right. Upstream: ReplicaSetController.manageReplicas. */
export function planReplicas({ replicaSet, keeper, owned, related, now }: ReplicasInput): Plan {
  const { kind } = keeper ?? { kind: replicaSets };
  if (replicaSet.metadata.deletionTimestamp) return { steps: [] };
  const missing = missingReplicas(replicaSet, owned);
  if (missing === 0) return { steps: [] };
  if (missing > 0) return { steps: [creations(kind, replicaSet, Math.min(missing, BURST))] };
  const active = owned.filter(isActivePod);
  const count = Math.min(-missing, BURST);
  const chosen = count < active.length ? rankForDeletion(active, related, now).slice(0, count) : active;
  return { steps: [{ writes: chosen.map((pod) => deletion(kind, replicaSet, pod)) }] };
}

function creations(kind: KindRef, replicaSet: ReplicaSet, count: number): Step {
  const eventOf = eventsOf(kind);
  const { template } = replicaSet.spec ?? {};
  const object: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${replicaSet.metadata.name}-`,
      namespace: replicaSet.metadata.namespace,
      labels: template?.metadata?.labels,
      annotations: template?.metadata?.annotations,
      finalizers: template?.metadata?.finalizers,
      ownerReferences: [controllerReference(kind, replicaSet)],
    },
    spec: template?.spec as Pod['spec'],
  };
  const write: Write = {
    type: 'create',
    kind: pods,
    object,
    events: {
      succeeded: (pod) => eventOf(replicaSet, 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`),
      failed: (error) => eventOf(replicaSet, 'FailedCreate', `Error creating: ${error.message}`),
    },
  };
  return { writes: Array.from({ length: count }, () => write), slowStart: true };
}

function deletion(kind: KindRef, replicaSet: ReplicaSet, pod: Pod): Write {
  const eventOf = eventsOf(kind);
  return {
    type: 'delete',
    kind: pods,
    object: pod,
    events: {
      succeeded: () => eventOf(replicaSet, 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`),
      failed: (error) => eventOf(replicaSet, 'FailedDelete', `Error deleting: ${error.message}`),
    },
  };
}

function eventsOf(kind: KindRef): (object: ReplicaSet, reason: string, message: string) => EventSpec {
  return (object, reason, message) => {
    const type = reason.startsWith('Failed') ? 'Warning' : 'Normal';
    return { kind, object, type, reason, message };
  };
}

export interface StatusInput {
  replicaSet: ReplicaSet;
  /** Left out: the ReplicaSet itself. Other kinds do not count the pods that are going. */
  keeper?: Keeper;
  /** The pods it controls, as they were read: what was created or deleted since shows in the next round. */
  owned: readonly Pod[];
  /** Why its replicas could not be managed. */
  failure?: Error;
  now: number;
}

export interface StatusPlan extends Plan {
  /** Milliseconds until another pod counts as available. */
  requeueAfter?: number;
}

/** Writes the status when it differs. Upstream: calculateStatus, updateReplicaSetStatus. */
export function planStatus({ replicaSet, keeper, owned, failure, now }: StatusInput): StatusPlan {
  const { spec } = replicaSet;
  const active = owned.filter(isActivePod);
  const waits = active.map((pod) => availableIn(pod, spec?.minReadySeconds ?? 0, now));
  const templateLabels = spec?.template?.metadata?.labels ?? {};
  const status: ReplicaSetStatus = {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) => matchesPairs(templateLabels, pod.metadata.labels)).length,
    readyReplicas: waits.filter((wait) => wait !== undefined).length,
    availableReplicas: waits.filter((wait) => wait === 0).length,
    ...(keeper ? {} : { terminatingReplicas: owned.filter(isTerminating).length }),
    observedGeneration: replicaSet.metadata.generation,
    conditions: conditionsOf({ replicaSet, owned, failure, now }),
  };
  const pending = waits.filter((wait) => wait !== undefined && wait > 0) as number[];
  const requeueAfter = pending.length > 0 ? Math.min(...pending) : undefined;
  const { kind, object: written } = keeper ?? { kind: replicaSets, object: replicaSet };
  const object = { ...written, status } as KubeObject;
  const writes: Write[] = isSameStatus(replicaSet.status, status)
    ? []
    : [{ type: 'update', kind, object, subresource: 'status' }];
  return { steps: [{ writes }], ...(requeueAfter === undefined ? {} : { requeueAfter }) };
}

const isTerminating = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined && !isFinishedPod(pod);

function conditionsOf({ replicaSet, owned, failure, now }: StatusInput): ReplicaSetCondition[] | undefined {
  const others = (replicaSet.status?.conditions ?? []).filter((condition) => condition.type !== 'ReplicaFailure');
  const old = replicaSet.status?.conditions?.find((condition) => condition.type === 'ReplicaFailure');
  if (failure === undefined) return others.length > 0 ? others : undefined;
  if (old) return [...others, old];
  const reason = missingReplicas(replicaSet, owned) > 0 ? 'FailedCreate' : 'FailedDelete';
  const condition = {
    type: 'ReplicaFailure',
    status: 'True',
    lastTransitionTime: apiTime(now),
    reason,
    message: failure.message,
  };
  return [...others, condition];
}

/** Zero and absent are the same on the wire, except for terminatingReplicas. */
function isSameStatus(old: ReplicaSetStatus | undefined, status: ReplicaSetStatus): boolean {
  const normal = (value: ReplicaSetStatus | undefined) => ({
    replicas: value?.replicas ?? 0,
    fullyLabeledReplicas: value?.fullyLabeledReplicas ?? 0,
    readyReplicas: value?.readyReplicas ?? 0,
    availableReplicas: value?.availableReplicas ?? 0,
    terminatingReplicas: value?.terminatingReplicas,
    observedGeneration: value?.observedGeneration ?? 0,
    conditions: value?.conditions ?? [],
  });
  return sameJson(normal(old), normal(status));
}
