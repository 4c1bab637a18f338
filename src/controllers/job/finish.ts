/** Whether and how a Job ends. Upstream: job_controller.go syncJob, success_policy.go. */
import type { Job, JobCondition, Pod } from '../../kinds/index.ts';
import { apiTime } from '../../machinery/time.ts';
import { parseTime } from '../runtime/time.ts';
import { parseIndexSet } from './index-set.ts';
import type { JobState } from './job-state.ts';

/** Why a job ends, before the last of its pods has. */
export interface Ending {
  type: 'FailureTarget' | 'SuccessCriteriaMet';
  reason: string;
  message: string;
}

export const conditionOf = ({ status }: Job, type: string): JobCondition | undefined =>
  status?.conditions?.find((condition) => condition.type === type && condition.status === 'True');

export const isFinished = (job: Job): boolean =>
  conditionOf(job, 'Complete') !== undefined || conditionOf(job, 'Failed') !== undefined;

/** The reason to end, the one that was found before first; undefined when the job goes on. */
export function endingOf(state: JobState, now: number): Ending | undefined {
  const { job, failJob } = state;
  for (const type of ['FailureTarget', 'SuccessCriteriaMet'] as const) {
    const found = conditionOf(job, type);
    if (found) return { type, reason: found.reason ?? '', message: found.message ?? '' };
  }
  if (failJob !== undefined) return failure('PodFailurePolicy', failJob);
  if (state.failed > (job.spec.backoffLimit ?? 6) || restartedTooOften(state))
    return failure('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  if (deadlineLeft(job, now) === 0) return failure('DeadlineExceeded', 'Job was active longer than specified deadline');
  return failedIndexes(state) ?? successPolicy(state) ?? completed(state);
}

const failure = (reason: string, message: string): Ending => ({ type: 'FailureTarget', reason, message });

/** Milliseconds that a job may still be active; undefined without a limit. */
export function deadlineLeft({ spec, status }: Job, now: number): number | undefined {
  if (spec.activeDeadlineSeconds === undefined || spec.suspend || !status?.startTime) return undefined;
  return Math.max(0, parseTime(status.startTime) + Number(spec.activeDeadlineSeconds) * 1_000 - now);
}

/** Containers that are restarted in place count as failures too. Upstream: pastBackoffLimitOnFailure. */
function restartedTooOften({ job, pods }: JobState): boolean {
  if (job.spec.template.spec?.restartPolicy !== 'OnFailure') return false;
  const limit = job.spec.backoffLimit ?? 6;
  const restarts = pods
    .filter(({ status }) => status?.phase === 'Running' || status?.phase === 'Pending')
    .flatMap(({ status }: Pod) => [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])])
    .reduce((sum, { restartCount }) => sum + restartCount, 0);
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

function failedIndexes({ job, failedIndexes: failed, succeededIndexes, completions = 0 }: JobState) {
  const { backoffLimitPerIndex, maxFailedIndexes } = job.spec;
  if (backoffLimitPerIndex === undefined || failed.size === 0) return undefined;
  if (maxFailedIndexes !== undefined && failed.size > maxFailedIndexes)
    return failure('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes');
  return failed.size + succeededIndexes.size >= completions
    ? failure('FailedIndexes', 'Job has failed indexes')
    : undefined;
}

function successPolicy({ job, succeededIndexes, completions = 0 }: JobState): Ending | undefined {
  const rules = job.spec.successPolicy?.rules ?? [];
  const met = rules.findIndex(({ succeededIndexes: text, succeededCount }) => {
    const wanted = text === undefined ? undefined : parseIndexSet(text, completions);
    const done = wanted ? [...wanted].filter((index) => succeededIndexes.has(index)).length : succeededIndexes.size;
    return done >= (succeededCount ?? wanted?.size ?? completions);
  });
  if (met < 0) return undefined;
  return { type: 'SuccessCriteriaMet', reason: 'SuccessPolicy', message: `Matched rules at index ${met}` };
}

function completed({ job, succeeded, active, completions }: JobState): Ending | undefined {
  const isDone =
    completions === undefined ? succeeded > 0 && active.length === 0 : succeeded >= completions && !job.spec.suspend;
  if (!isDone) return undefined;
  const message = 'Reached expected number of succeeded pods';
  return { type: 'SuccessCriteriaMet', reason: 'CompletionsReached', message };
}

/** `conditions` with one set; its time moves only when it changes. */
export function withCondition(
  conditions: readonly JobCondition[] = [],
  next: { type: string; status: 'True' | 'False'; reason: string; message: string },
  now: number,
): JobCondition[] {
  const old = conditions.find(({ type }) => type === next.type);
  if (old?.status === next.status && old.reason === next.reason && old.message === next.message) return [...conditions];
  const time = apiTime(now);
  const made: JobCondition = {
    ...next,
    lastProbeTime: time,
    lastTransitionTime: old?.status === next.status ? (old.lastTransitionTime ?? time) : time,
  };
  return old ? conditions.map((one) => (one === old ? made : one)) : [...conditions, made];
}
