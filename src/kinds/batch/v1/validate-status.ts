/** The status of a job. Upstream: batch/validation ValidateJobUpdateStatus. */
import type { FieldError } from '../../../machinery/status.ts';
import { duplicateError, invalidError, requiredError } from '../../../machinery/validation/index.ts';
import { equalJson } from '../../equal-json.ts';
import type { Job, JobStatus } from '../../generated/types/batch-v1.ts';
import { internalForm } from '../../internal-form.ts';
import { nonNegative } from '../../numbers.ts';
import { overlapOf, parseIndexes } from './indexes.ts';
import { invalidUnshown } from './validate-policies.ts';

const COUNTS = ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const;
const AT = 'status.conditions';

const has = (status: JobStatus, type: string, value = 'True'): boolean =>
  status.conditions?.some((condition) => condition.type === type && condition.status === value) === true;

/** What a status says of how its job goes. */
interface Progress {
  complete: boolean;
  failed: boolean;
  failing: boolean;
  succeeding: boolean;
  finished: boolean;
}

function progressOf(status: JobStatus): Progress {
  const [complete, failed] = [has(status, 'Complete'), has(status, 'Failed')];
  return {
    complete,
    failed,
    failing: has(status, 'FailureTarget'),
    succeeding: has(status, 'SuccessCriteriaMet'),
    finished: complete || failed,
  };
}

/** Which parts of a status a write changes: most rules hold for what changes only. */
class Changes {
  readonly #now: JobStatus;
  readonly #old: JobStatus;
  readonly progress: Progress;
  readonly before: Progress;

  constructor(now: JobStatus, old: JobStatus) {
    this.#now = now;
    this.#old = old;
    this.progress = progressOf(now);
    this.before = progressOf(old);
  }

  in(...fields: (keyof JobStatus | keyof Progress)[]): boolean {
    return fields.some((field) =>
      field in this.progress
        ? this.progress[field as keyof Progress] !== this.before[field as keyof Progress]
        : !equalJson(this.#now[field as keyof JobStatus], this.#old[field as keyof JobStatus]),
    );
  }
}

export function validateJobStatus(job: Job, old: Job): FieldError[] {
  const { status = {} } = job;
  const before = old.status ?? {};
  const changes = new Changes(status, before);
  return [
    ...COUNTS.flatMap((field) => nonNegative(status[field], `status.${field}`)),
    ...validateUncounted(status),
    ...validateEnd(job, changes),
    ...validateIndexes(job, changes),
    ...validateCounts(status, changes),
    ...validateSuccess(job, changes),
    ...validateKept(job, before, changes),
  ];
}

/** How a job ends, and when. */
function validateEnd({ spec, status = {} }: Job, changes: Changes): FieldError[] {
  const errors: FieldError[] = [];
  const { complete, failed, failing, succeeding, finished } = changes.progress;
  const { completionTime, startTime } = status;
  const at = 'status.completionTime';
  const refuse = (why: string): void => void errors.push(invalidUnshown(AT, why));
  if (complete && failed && changes.in('complete', 'failed'))
    refuse('cannot set Complete=True and Failed=true conditions');
  if (complete && failing && changes.in('complete', 'failing'))
    refuse('cannot set Complete=True and FailureTarget=true conditions');
  if (completionTime && !complete && changes.in('complete', 'completionTime'))
    errors.push(invalidError(at, completionTime, 'cannot set completionTime when there is no Complete=True condition'));
  if (!completionTime && complete && changes.in('complete', 'completionTime'))
    errors.push(requiredError(at, 'completionTime is required for Complete jobs'));
  const isEarly = startTime && completionTime && Date.parse(completionTime) < Date.parse(startTime);
  if (isEarly && changes.in('startTime', 'completionTime'))
    errors.push(invalidError(at, completionTime, 'must be equal to or after `startTime`'));
  if (failed && !failing && changes.in('failed', 'failedIndexes'))
    refuse('cannot set Failed=True condition without the FailureTarget=true condition');
  if (complete && !succeeding && changes.in('complete', 'succeeding'))
    refuse('cannot set Complete=True condition without the SuccessCriteriaMet=true condition');
  if (!finished) return errors;
  const { active = 0, uncountedTerminatedPods: pods } = status;
  if (active > 0 && changes.in('finished', 'active'))
    errors.push(invalidError('status.active', active, 'active>0 is invalid for finished job'));
  const isNever = spec.suspend === true && spec.completions === 0;
  if (!startTime && !isNever && changes.in('finished', 'startTime'))
    errors.push(requiredError('status.startTime', 'startTime is required for finished job'));
  const uncounted = (pods?.succeeded?.length ?? 0) + (pods?.failed?.length ?? 0);
  if (pods && uncounted > 0 && changes.in('finished', 'uncountedTerminatedPods')) {
    const shown = internalForm('batch/v1.UncountedTerminatedPods', pods);
    errors.push(invalidError('status.uncountedTerminatedPods', shown, 'must be empty for finished job'));
  }
  return errors;
}

function validateCounts({ terminating = 0, ready, active = 0 }: JobStatus, changes: Changes): FieldError[] {
  const errors: FieldError[] = [];
  if (terminating > 0 && changes.progress.finished && changes.in('finished', 'terminating'))
    errors.push(invalidError('status.terminating', terminating, 'terminating>0 is invalid for finished job'));
  if (ready !== undefined && ready > active && changes.in('ready', 'active'))
    errors.push(invalidError('status.ready', ready, 'cannot set more ready pods than active'));
  return errors;
}

function validateSuccess({ spec }: Job, { progress }: Changes): FieldError[] {
  const { succeeding, failed, failing, complete } = progress;
  const refuse = (why: string): FieldError[] => [invalidUnshown(AT, why)];
  return [
    ...(succeeding && failed ? refuse('cannot set SuccessCriteriaMet=True and Failed=true conditions') : []),
    ...(succeeding && failing ? refuse('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions') : []),
    ...(spec.successPolicy && !succeeding && complete
      ? refuse('cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True')
      : []),
  ];
}

function validateUncounted({ uncountedTerminatedPods: pods }: JobStatus): FieldError[] {
  const seen = new Set<string>();
  return (['succeeded', 'failed'] as const).flatMap((list) =>
    (pods?.[list] ?? []).flatMap((uid, index): FieldError[] => {
      const at = `status.uncountedTerminatedPods.${list}[${index}]`;
      if (uid === '') return [invalidError(at, uid, 'must not be empty')];
      if (seen.has(uid)) return [duplicateError(at, uid)];
      seen.add(uid);
      return [];
    }),
  );
}

function validateIndexes({ spec, status = {} }: Job, changes: Changes): FieldError[] {
  const errors: FieldError[] = [];
  const { completedIndexes: done = '', failedIndexes: lost } = status;
  const { completions, backoffLimitPerIndex: limit } = spec;
  const [completedChanged, failedChanged] = [changes.in('completedIndexes'), changes.in('failedIndexes')];
  const refuse = (field: 'completedIndexes' | 'failedIndexes', why: string): void =>
    void errors.push(invalidError(`status.${field}`, status[field] ?? '', why));
  const completed = completions === undefined ? '' : parseIndexes(done, completions);
  const failed = completions === undefined || lost === undefined ? '' : parseIndexes(lost, completions);
  if (completedChanged && typeof completed === 'string' && completed !== '')
    refuse('completedIndexes', `error parsing completedIndexes: ${completed}`);
  if (failedChanged && limit !== undefined && typeof failed === 'string' && failed !== '')
    refuse('failedIndexes', `error parsing failedIndexes: ${failed}`);
  if (completedChanged && done !== '' && spec.completionMode !== 'Indexed')
    refuse('completedIndexes', 'cannot set non-empty completedIndexes when non-indexed completion mode');
  if (failedChanged && limit === undefined && lost !== undefined)
    refuse('failedIndexes', 'cannot set non-null failedIndexes when backoffLimitPerIndex is null');
  if (typeof completed === 'string' || typeof failed === 'string' || !(completedChanged || failedChanged))
    return errors;
  const shared = overlapOf(completed, failed);
  if (shared !== undefined) refuse('failedIndexes', `failedIndexes and completedIndexes overlap at index: ${shared}`);
  return errors;
}

/** What was counted stays counted, and what is over stays over. */
function validateKept({ spec, status = {} }: Job, old: JobStatus, { progress, before }: Changes): FieldError[] {
  const errors: FieldError[] = [];
  const refuse = (why: string): void => void errors.push(invalidUnshown(AT, why));
  for (const type of ['Failed', 'Complete', 'FailureTarget'])
    if (has(old, type) && !has(status, type)) refuse(`cannot disable the terminal ${type}=True condition`);
  for (const field of ['failed', 'succeeded'] as const) {
    // An indexed job may shrink where its size is its parallelism, and its successes with it.
    const isElastic = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism;
    if ((field === 'failed' || !isElastic) && (status[field] ?? 0) < (old[field] ?? 0))
      errors.push(invalidError(`status.${field}`, status[field] ?? 0, `cannot decrease the ${field} counter`));
  }
  if (status.completionTime && old.completionTime && status.completionTime !== old.completionTime)
    errors.push(invalidError('status.completionTime', status.completionTime, 'field is immutable'));
  const isResumed = has(old, 'Suspended') && has(status, 'Suspended', 'False');
  if (old.startTime && status.startTime !== old.startTime && spec.suspend !== true && !isResumed) {
    const why = 'field is immutable for unsuspended job once set';
    errors.push(invalidError('status.startTime', status.startTime ?? null, why));
  }
  if (before.succeeding && !progress.succeeding) refuse('cannot disable the SuccessCriteriaMet=True condition');
  if (before.complete && !before.succeeding && progress.succeeding)
    refuse('cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions');
  return errors;
}
