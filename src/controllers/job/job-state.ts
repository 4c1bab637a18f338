/** What the pods of a Job say about it. Upstream: job_controller.go syncJob, indexed_job_utils.go, backoff_utils.go. */
import type { Job, Pod } from '../../kinds/index.ts';
import { isActivePod, isReadyPod } from '../runtime/pods.ts';
import { parseTime } from '../runtime/time.ts';
import { judgeFailure } from './failure-policy.ts';
import { indexOfPod, parseIndexSet } from './index-set.ts';

/** Kept on a pod until its end has been counted. */
export const TRACKING = 'batch.kubernetes.io/job-tracking';
export const FAILURE_COUNT = 'batch.kubernetes.io/job-index-failure-count';
export const IGNORED_COUNT = 'batch.kubernetes.io/job-index-ignored-failure-count';

export interface JobState {
  job: Job;
  isIndexed: boolean;
  completions: number | undefined;
  pods: readonly Pod[];
  active: Pod[];
  ready: number;
  /** Deleted and not over. */
  terminating: Pod[];
  /** Pods that ended since they were last counted: their finalizer goes once they are. */
  ended: Pod[];
  /** Among them, of jobs without indexes. */
  newSucceeded: Pod[];
  /** Among them, those that count. */
  newFailed: Pod[];
  /** Counted and those to be counted. */
  succeeded: number;
  failed: number;
  succeededIndexes: ReadonlySet<number>;
  /** Of jobs that limit failures per index. */
  failedIndexes: ReadonlySet<number>;
  /** A pod that ends the job by its failure policy. */
  failJob?: string;
}

export const isTracked = ({ metadata }: Pod): boolean => metadata.finalizers?.includes(TRACKING) ?? false;

/** Whether only pods that are over are replaced, and not those that are going. */
export const replacesOnlyFailed = ({ spec }: Job): boolean =>
  spec.podReplacementPolicy === 'Failed' || spec.podFailurePolicy !== undefined;

/** Upstream: isPodFailed. */
function hasFailed(job: Job, { metadata, status }: Pod): boolean {
  if (status?.phase === 'Failed') return true;
  return !replacesOnlyFailed(job) && metadata.deletionTimestamp !== undefined && status?.phase !== 'Succeeded';
}

export function readState(job: Job, pods: readonly Pod[]): JobState {
  const { spec, status } = job;
  const isIndexed = spec.completionMode === 'Indexed';
  const limit = spec.completions ?? 0;
  const uncounted = status?.uncountedTerminatedPods;
  const known = new Set([...(uncounted?.succeeded ?? []), ...(uncounted?.failed ?? [])]);
  const isValid = (pod: Pod): boolean => !isIndexed || (indexOfPod(pod) ?? limit) < limit;
  const ended = pods.filter((pod) => isTracked(pod) && (pod.status?.phase === 'Succeeded' || hasFailed(job, pod)));
  const fresh = ended.filter((pod) => !known.has(pod.metadata.uid ?? '') && isValid(pod));
  const newSucceeded = fresh.filter((pod) => pod.status?.phase === 'Succeeded');
  const verdicts = new Map(
    fresh.filter((pod) => pod.status?.phase !== 'Succeeded').map((pod) => [pod, judgeFailure(job, pod)]),
  );
  const newFailed = [...verdicts].filter(([, { action }]) => action !== 'Ignore').map(([pod]) => pod);
  const succeededIndexes = isIndexed ? parseIndexSet(status?.completedIndexes, limit) : new Set<number>();
  for (const pod of isIndexed ? newSucceeded : []) succeededIndexes.add(indexOfPod(pod) as number);
  const active = pods.filter(isActivePod);
  const failJob = status?.conditions?.some(({ type }) => type === 'FailureTarget')
    ? undefined
    : [...verdicts.values()].find(({ action }) => action === 'FailJob')?.message;
  return {
    job,
    isIndexed,
    completions: spec.completions,
    pods,
    active,
    ready: active.filter(isReadyPod).length,
    terminating: pods.filter(({ metadata, status: of }) => metadata.deletionTimestamp && !isOver(of?.phase)),
    ended,
    newSucceeded: isIndexed ? [] : newSucceeded,
    newFailed,
    succeeded: isIndexed
      ? succeededIndexes.size
      : (status?.succeeded ?? 0) + (uncounted?.succeeded?.length ?? 0) + newSucceeded.length,
    failed: (status?.failed ?? 0) + (uncounted?.failed?.length ?? 0) + newFailed.length,
    succeededIndexes,
    failedIndexes: failedIndexesOf(job, [...verdicts.keys()], limit),
    ...(failJob === undefined ? {} : { failJob }),
  };
}

const isOver = (phase: string | undefined): boolean => phase === 'Succeeded' || phase === 'Failed';

function failedIndexesOf(job: Job, failed: readonly Pod[], limit: number): Set<number> {
  const perIndex = job.spec.backoffLimitPerIndex;
  const indexes = parseIndexSet(job.status?.failedIndexes, limit);
  if (perIndex === undefined) return indexes;
  for (const pod of failed) {
    const index = indexOfPod(pod);
    const { action } = judgeFailure(job, pod);
    const isLast = action === 'FailIndex' || (action !== 'Ignore' && countOf(pod, FAILURE_COUNT) >= perIndex);
    if (index !== undefined && isLast) indexes.add(index);
  }
  return indexes;
}

/** How often an index had failed when this pod was made for it. */
export const countOf = ({ metadata }: Pod, annotation: string): number =>
  Number(metadata.annotations?.[annotation] ?? 0) || 0;

/** When the containers of a pod had all ended, in milliseconds since the epoch. */
export function finishedAt({ metadata, status }: Pod): number {
  const times = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].map(({ state }) =>
    parseTime(state?.terminated?.finishedAt),
  );
  const known = times.filter((time) => !Number.isNaN(time));
  return known.length > 0 ? Math.max(...known) : parseTime(metadata.deletionTimestamp ?? metadata.creationTimestamp);
}

const FIRST_BACKOFF = 10_000;
const MAX_BACKOFF = 600_000;

/** Milliseconds until another pod may be made after failures since the last success; 0 when it may be now. */
export function backoffLeft(job: Job, pods: readonly Pod[], now: number): number {
  const isSuccess = (pod: Pod): boolean => pod.status?.phase === 'Succeeded';
  const lastSuccess = Math.max(Number.NEGATIVE_INFINITY, ...pods.filter(isSuccess).map(finishedAt));
  const failures = pods
    .filter((pod) => !isSuccess(pod) && hasFailed(job, pod) && judgeFailure(job, pod).action !== 'Ignore')
    .map(finishedAt)
    .filter((time) => time >= lastSuccess);
  if (failures.length === 0) return 0;
  const wait = Math.min(FIRST_BACKOFF * 2 ** (failures.length - 1), MAX_BACKOFF);
  return Math.max(0, Math.max(...failures) + wait - now);
}
