/** The pods that a Job lacks or has too many of. Upstream: job_controller.go manageJob, indexed_job_utils.go. */
import { type Container, type Job, jobs, type Pod, type PodSpec, pods } from '../../kinds/index.ts';
import type { Step, Write } from '../runtime/apply-plan.ts';
import { controllerReference } from '../runtime/claim.ts';
import type { EventSpec } from '../runtime/events.ts';
import { rankForDeletion } from '../runtime/rank-pods.ts';
import { judgeFailure } from './failure-policy.ts';
import { INDEX, indexOfPod } from './index-set.ts';
import {
  backoffLeft,
  countOf,
  FAILURE_COUNT,
  IGNORED_COUNT,
  type JobState,
  replacesOnlyFailed,
  TRACKING,
} from './job-state.ts';
import { untrack } from './untrack.ts';

/** Pods that one look creates at most. */
const MAX_CREATED = 500;
const MAX_PREFIX = 58;

export interface ReplicasPlan {
  steps: Step[];
  /** Pods among the active ones that these steps delete. */
  deleted: Pod[];
  /** Milliseconds until a pod may be made that may not be yet. */
  requeueAfter?: number;
}

/** Deletes every active pod of a job that ends; each counts as failed. */
export function deleteAll({ job, active }: JobState): ReplicasPlan {
  return { steps: [{ writes: active.map((pod) => deletion(job, pod)) }], deleted: active };
}

/** Deletes pods that the job gives up; they do not count. */
export function giveUp(job: Job, surplus: Pod[]): ReplicasPlan {
  const writes = surplus.map((pod) => deletion(job, pod));
  return { steps: [{ writes: untrack(surplus) }, { writes }], deleted: surplus };
}

/** Creates or deletes pods until as many are active as are wanted. */
export function planReplicas(state: JobState, now: number): ReplicasPlan {
  const { job, active, terminating } = state;
  const wanted = wantedActive(state);
  const surplus = surplusPods(state, wanted, now);
  if (surplus.length > 0) return giveUp(job, surplus);
  const going = replacesOnlyFailed(job) ? terminating.length : 0;
  const missing = Math.min(wanted - active.length - going, MAX_CREATED);
  if (missing <= 0) return { steps: [], deleted: [] };
  return state.isIndexed ? createIndexed(state, missing, now) : createPlain(state, missing, now);
}

function wantedActive({ job, succeeded, active, completions, failedIndexes }: JobState): number {
  const parallelism = job.spec.parallelism ?? 1;
  // Once one of a work queue has succeeded the others are left to end, and none is added.
  if (completions === undefined) return succeeded > 0 ? Math.min(active.length, parallelism) : parallelism;
  return Math.max(0, Math.min(completions - succeeded - failedIndexes.size, parallelism));
}

/** Of an index only one pod stays, and none of an index that is none. */
function surplusPods(state: JobState, wanted: number, now: number): Pod[] {
  const { active, isIndexed, completions = 0 } = state;
  const ranked = rankForDeletion(active, active, now);
  if (!isIndexed) return ranked.slice(0, Math.max(0, active.length - wanted));
  const kept = new Set<number>();
  const doubled = [...ranked].reverse().filter((pod) => {
    const index = indexOfPod(pod);
    if (index === undefined || index >= completions || kept.has(index)) return true;
    kept.add(index);
    return false;
  });
  const left = ranked.filter((pod) => !doubled.includes(pod));
  return [...doubled, ...left.slice(0, Math.max(0, left.length - wanted))];
}

function createPlain(state: JobState, count: number, now: number): ReplicasPlan {
  const { job } = state;
  const requeueAfter = backoffLeft(job, state.pods, now);
  if (requeueAfter > 0) return { steps: [], deleted: [], requeueAfter };
  const writes = Array.from({ length: count }, () => creation(job, podOf(job)));
  return { steps: [{ writes, slowStart: true }], deleted: [] };
}

function createIndexed(state: JobState, count: number, now: number): ReplicasPlan {
  const { job, active, terminating, succeededIndexes, failedIndexes, completions = 0 } = state;
  const taken = new Set([...active, ...(replacesOnlyFailed(job) ? terminating : [])].map(indexOfPod));
  const perIndex = job.spec.backoffLimitPerIndex !== undefined;
  const whole = perIndex ? 0 : backoffLeft(job, state.pods, now);
  const writes: Write[] = [];
  let requeueAfter = Number.POSITIVE_INFINITY;
  for (let index = 0; index < completions && writes.length < count; index++) {
    if (taken.has(index) || succeededIndexes.has(index) || failedIndexes.has(index)) continue;
    const earlier = perIndex ? state.pods.filter((pod) => indexOfPod(pod) === index) : [];
    const left = perIndex ? backoffLeft(job, earlier, now) : whole;
    if (left > 0) requeueAfter = Math.min(requeueAfter, left);
    else writes.push(creation(job, indexedPod(job, index, perIndex ? countsAfter(job, earlier) : {})));
  }
  const wait = Number.isFinite(requeueAfter) ? { requeueAfter } : {};
  return { steps: [{ writes, slowStart: true }], deleted: [], ...wait };
}

/** The counts that the next pod of an index carries. */
function countsAfter(job: Job, earlier: readonly Pod[]): Record<string, string> {
  let failed = 0;
  let ignored = 0;
  for (const pod of earlier) {
    const isIgnored = judgeFailure(job, pod).action === 'Ignore';
    failed = Math.max(failed, countOf(pod, FAILURE_COUNT) + (isIgnored ? 0 : 1));
    ignored = Math.max(ignored, countOf(pod, IGNORED_COUNT) + (isIgnored ? 1 : 0));
  }
  return { [FAILURE_COUNT]: String(failed), ...(ignored > 0 ? { [IGNORED_COUNT]: String(ignored) } : {}) };
}

function podOf(job: Job): Pod {
  const { metadata, spec } = job.spec.template;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${job.metadata.name}-`,
      namespace: job.metadata.namespace,
      labels: metadata?.labels,
      annotations: metadata?.annotations,
      finalizers: [...new Set([...(metadata?.finalizers ?? []), TRACKING])],
      ownerReferences: [controllerReference(jobs, job)],
    },
    spec: spec as PodSpec,
  };
}

/** A pod that knows its index: by annotation, label, host name and environment. */
function indexedPod(job: Job, index: number, annotations: Record<string, string>): Pod {
  const pod = podOf(job);
  const mark = { [INDEX]: String(index) };
  const { name = '' } = job.metadata;
  const ending = `-${index}-`;
  const prefix = name + ending;
  pod.metadata.generateName =
    prefix.length > MAX_PREFIX ? prefix.slice(0, MAX_PREFIX - ending.length) + ending : prefix;
  pod.metadata.labels = { ...pod.metadata.labels, ...mark };
  pod.metadata.annotations = { ...pod.metadata.annotations, ...mark, ...annotations };
  const spec = pod.spec as PodSpec;
  const { initContainers, containers } = spec;
  pod.spec = {
    ...spec,
    hostname: spec.hostname || `${name}-${index}`,
    ...(initContainers ? { initContainers: initContainers.map(withIndex) } : {}),
    containers: (containers ?? []).map(withIndex),
  };
  return pod;
}

const ENV = 'JOB_COMPLETION_INDEX';

function withIndex(container: Container): Container {
  if (container.env?.some(({ name }) => name === ENV)) return container;
  const fieldRef = { fieldPath: `metadata.labels['${INDEX}']` };
  return { ...container, env: [...(container.env ?? []), { name: ENV, valueFrom: { fieldRef } }] };
}

function creation(job: Job, object: Pod): Write {
  return {
    type: 'create',
    kind: pods,
    object,
    events: {
      succeeded: (pod) => event(job, 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`),
      failed: (error) => event(job, 'FailedCreate', `Error creating: ${error.message}`),
    },
  };
}

function deletion(job: Job, pod: Pod): Write {
  return {
    type: 'delete',
    kind: pods,
    object: pod,
    events: {
      succeeded: () => event(job, 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`),
      failed: (error) => event(job, 'FailedDelete', `Error deleting: ${error.message}`),
    },
  };
}

/** An event about a job. */
export function event(object: Job, reason: string, message: string, type?: 'Warning'): EventSpec {
  return { kind: jobs, object, type: type ?? (reason.startsWith('Failed') ? 'Warning' : 'Normal'), reason, message };
}
