/** The status of a job. Upstream: batch/validation ValidateJobUpdateStatus. */
import type { FieldError } from '../../../machinery/status.ts';
import { duplicateError, invalidError, requiredError } from '../../../machinery/validation/index.ts';
import type { Job, JobStatus } from '../../generated/types/batch-v1.ts';
import { internalForm } from '../../internal-form.ts';
import { nonNegative } from '../../numbers.ts';
import { overlapOf, parseIndexes } from './indexes.ts';
import { invalidUnshown } from './validate-policies.ts';

const COUNTS = ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const;
const AT = 'status.conditions';

const isTrue = (status: JobStatus | undefined, type: string): boolean =>
  status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;

export function validateJobStatus(job: Job, old: Job): FieldError[] {
  const { status = {} } = job;
  const errors = COUNTS.flatMap((field) => nonNegative(status[field], `status.${field}`));
  errors.push(...validateUncounted(status));
  const complete = isTrue(status, 'Complete');
  const failed = isTrue(status, 'Failed');
  const failing = isTrue(status, 'FailureTarget');
  const succeeding = isTrue(status, 'SuccessCriteriaMet');
  const refuse = (why: string): void => void errors.push(invalidUnshown(AT, why));
  if (complete && failed) refuse('cannot set Complete=True and Failed=true conditions');
  if (complete && failing) refuse('cannot set Complete=True and FailureTarget=true conditions');
  errors.push(...validateTimes(status, complete));
  if (failed && !failing) refuse('cannot set Failed=True condition without the FailureTarget=true condition');
  if (complete && !succeeding)
    refuse('cannot set Complete=True condition without the SuccessCriteriaMet=true condition');
  if (complete || failed) errors.push(...validateFinished(status));
  errors.push(...validateIndexes(job));
  if ((complete || failed) && (status.terminating ?? 0) > 0)
    errors.push(invalidError('status.terminating', status.terminating, 'terminating>0 is invalid for finished job'));
  if ((status.ready ?? 0) > Math.max(status.active ?? 0, 0))
    errors.push(invalidError('status.ready', status.ready, 'cannot set more ready pods than active'));
  if (succeeding && failed) refuse('cannot set SuccessCriteriaMet=True and Failed=true conditions');
  if (succeeding && failing) refuse('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions');
  return [...errors, ...validateChanges(job, old)];
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

function validateTimes({ startTime, completionTime }: JobStatus, complete: boolean): FieldError[] {
  const at = 'status.completionTime';
  if (!completionTime) return complete ? [requiredError(at, 'completionTime is required for Complete jobs')] : [];
  const errors: FieldError[] = [];
  if (!complete)
    errors.push(invalidError(at, completionTime, 'cannot set completionTime when there is no Complete=True condition'));
  if (startTime && Date.parse(completionTime) < Date.parse(startTime))
    errors.push(invalidError(at, completionTime, 'completionTime cannot be set before startTime'));
  return errors;
}

/** A job that is over has no pods left, and was started once. */
function validateFinished({ active = 0, startTime, uncountedTerminatedPods: pods }: JobStatus): FieldError[] {
  const errors: FieldError[] = [];
  if (active > 0) errors.push(invalidError('status.active', active, 'active>0 is invalid for finished job'));
  if (!startTime) errors.push(requiredError('status.startTime', 'startTime is required for finished job'));
  if (pods && (pods.succeeded?.length ?? 0) + (pods.failed?.length ?? 0) > 0) {
    const shown = internalForm('batch/v1.UncountedTerminatedPods', pods);
    const why = 'uncountedTerminatedPods needs to be empty for finished job';
    errors.push(invalidError('status.uncountedTerminatedPods', shown, why));
  }
  return errors;
}

function validateIndexes({ spec, status = {} }: Job): FieldError[] {
  const errors: FieldError[] = [];
  const { completedIndexes: done = '', failedIndexes: lost } = status;
  const { completions, backoffLimitPerIndex: limit } = spec;
  const refuse = (field: 'completedIndexes' | 'failedIndexes', why: string): void =>
    void errors.push(invalidError(`status.${field}`, status[field] ?? '', why));
  const completed = completions === undefined ? '' : parseIndexes(done, completions);
  const failed = completions === undefined || lost === undefined ? '' : parseIndexes(lost, completions);
  if (typeof completed === 'string' && completed !== '')
    refuse('completedIndexes', `error parsing completedIndexes: ${completed}`);
  if (limit !== undefined && typeof failed === 'string' && failed !== '')
    refuse('failedIndexes', `error parsing failedIndexes: ${failed}`);
  if (done !== '' && spec.completionMode !== 'Indexed')
    refuse('completedIndexes', 'cannot set non-empty completedIndexes when non-indexed completion mode');
  if (limit === undefined && lost !== undefined)
    refuse('failedIndexes', 'cannot set non-null failedIndexes when backoffLimitPerIndex is null');
  if (typeof completed === 'string' || typeof failed === 'string') return errors;
  const shared = overlapOf(completed, failed);
  if (shared !== undefined) refuse('failedIndexes', `failedIndexes and completedIndexes overlap at index: ${shared}`);
  return errors;
}

/** What was counted stays counted, and what is over stays over. */
function validateChanges({ spec, status = {} }: Job, old: Job): FieldError[] {
  const before = old.status ?? {};
  const errors: FieldError[] = [];
  for (const type of ['Failed', 'Complete', 'FailureTarget']) {
    if (isTrue(before, type) && !isTrue(status, type))
      errors.push(invalidUnshown(AT, `cannot disable the terminal ${type}=True condition`));
  }
  for (const field of ['failed', 'succeeded'] as const) {
    // The successes of a job that changes its size are counted anew.
    const elastic = field === 'succeeded' && spec.completionMode === 'Indexed';
    if (!elastic && (status[field] ?? 0) < (before[field] ?? 0))
      errors.push(invalidError(`status.${field}`, status[field] ?? 0, `cannot decrease the ${field} counter`));
  }
  if (status.completionTime && before.completionTime && status.completionTime !== before.completionTime)
    errors.push(invalidError('status.completionTime', status.completionTime, 'field is immutable'));
  if (before.startTime && status.startTime !== before.startTime && spec.suspend !== true) {
    const why = 'field is immutable for unsuspended job once set';
    errors.push(invalidError('status.startTime', status.startTime ?? null, why));
  }
  return errors;
}
