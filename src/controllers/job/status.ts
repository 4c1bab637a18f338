/**
 * Counting pods in two steps, so that a crash between them counts none twice: first the status names the pods whose end
 * is to be counted, then they lose their finalizer, then the numbers rise and the names go.
 * Upstream: job_controller.go trackJobStatusAndRemoveFinalizers.
 */
import { type Job, type JobStatus, jobs, type Pod } from '../../kinds/index.ts';
import { apiTime } from '../../machinery/time.ts';
import type { Write } from '../runtime/apply-plan.ts';
import { sameJson } from '../runtime/canonical.ts';
import { conditionOf, type Ending, withCondition } from './finish.ts';
import { formatIndexSet } from './index-set.ts';
import type { JobState } from './job-state.ts';

export interface Round {
  state: JobState;
  ending: Ending | undefined;
  /** Active pods that were deleted in this round. */
  deleted: readonly Pod[];
  /** Pods that were created in this round. */
  created: number;
  now: number;
}

/** The first step: names what is to be counted and shows what is active. */
export function statusWithNames({ state, ending, deleted, created, now }: Round): JobStatus {
  const { job, isIndexed, active, terminating } = state;
  const { status = {} } = job;
  const uid = (pod: Pod): string => pod.metadata.uid ?? '';
  const names = (old: readonly string[] = [], fresh: readonly Pod[]): string[] => [...old, ...fresh.map(uid)];
  const uncounted = status.uncountedTerminatedPods;
  const succeeded = names(uncounted?.succeeded, state.newSucceeded);
  const failed = names(uncounted?.failed, state.newFailed);
  const conditions = ending ? withCondition(status.conditions, { ...ending, status: 'True' }, now) : status.conditions;
  const gone = new Set(deleted.map(uid));
  return {
    ...status,
    ...(conditions ? { conditions } : {}),
    active: active.length - deleted.length + created,
    ready: active.filter((pod) => !gone.has(uid(pod)) && isReady(pod)).length,
    terminating: terminating.length + deleted.length,
    ...(isIndexed ? { succeeded: state.succeeded, completedIndexes: formatIndexSet(state.succeededIndexes) } : {}),
    ...(job.spec.backoffLimitPerIndex === undefined ? {} : { failedIndexes: formatIndexSet(state.failedIndexes) }),
    uncountedTerminatedPods: {
      ...(succeeded.length > 0 ? { succeeded } : {}),
      ...(failed.length > 0 ? { failed } : {}),
    },
  };
}

const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;

/** The third step: counts what was named, and ends the job when it is to end and nothing of it is left. */
export function countedStatus(job: Job, isIndexed: boolean, now: number): JobStatus {
  const { uncountedTerminatedPods: named, ...status } = job.status ?? {};
  const counted: JobStatus = {
    ...status,
    ...(isIndexed ? {} : { succeeded: (status.succeeded ?? 0) + (named?.succeeded?.length ?? 0) }),
    failed: (status.failed ?? 0) + (named?.failed?.length ?? 0),
    uncountedTerminatedPods: {},
  };
  if (counted.active || counted.terminating) return counted;
  const failure = conditionOf(job, 'FailureTarget');
  const success = conditionOf(job, 'SuccessCriteriaMet');
  const end = failure ?? success;
  if (!end) return counted;
  const type = failure ? 'Failed' : 'Complete';
  const { reason = '', message = '' } = end;
  return {
    ...counted,
    conditions: withCondition(counted.conditions, { type, status: 'True', reason, message }, now),
    ...(failure ? {} : { completionTime: apiTime(now) }),
  };
}

/** The write of a status, unless it is what is stored. */
export function statusWrite(job: Job, status: JobStatus): Write | undefined {
  if (sameJson(normal(status), normal(job.status ?? {}))) return undefined;
  return { type: 'update', kind: jobs, object: { ...job, status }, subresource: 'status' };
}

/** Zero and absent are the same on the wire. */
const normal = (status: JobStatus): JobStatus => ({
  ...status,
  active: status.active ?? 0,
  succeeded: status.succeeded ?? 0,
  failed: status.failed ?? 0,
  completedIndexes: status.completedIndexes ?? '',
  uncountedTerminatedPods: { succeeded: [], failed: [], ...status.uncountedTerminatedPods },
});
