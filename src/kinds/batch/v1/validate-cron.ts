/** Rules of cron jobs. Upstream: pkg/apis/batch/validation ValidateCronJob. */
import type { FieldError } from '../../../machinery/status.ts';
import { invalidError, maxLengthText, notSupportedError, requiredError } from '../../../machinery/validation/index.ts';
import type { CronJob } from '../../generated/types/batch-v1.ts';
import { nonNegative } from '../../numbers.ts';
import { scheduleError } from './schedule.ts';
import { validateJobSpec } from './validate.ts';

/** Jobs get eleven characters added to the name of their cron job. */
const MAX_CRON_NAME = 52;
const POLICIES = ['Allow', 'Forbid', 'Replace'];
function timeZoneErrors(zone: string | undefined): FieldError[] {
  const at = 'spec.timeZone';
  if (zone === undefined) return [];
  if (zone === '') return [invalidError(at, zone, 'timeZone must be nil or non-empty string')];
  const errors: FieldError[] = [];
  if (zone.toLowerCase() === 'local')
    errors.push(
      invalidError(at, zone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'),
    );
  if (zone !== 'Local' && !isTimeZone(zone)) errors.push(invalidError(at, zone, `unknown time zone ${zone}`));
  return errors;
}

/** The names of the database are case-sensitive, those of the platform are not. */
function isTimeZone(zone: string): boolean {
  if (!/^[A-Z][A-Za-z0-9_+/-]*$/.test(zone) || /^UTC[+-]/.test(zone)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

export const validateCronJob = (job: CronJob): FieldError[] => validateCron(job, false);

/** A schedule that has its zone from before may keep it. */
export const validateCronJobUpdate = (job: CronJob, old: CronJob): FieldError[] =>
  validateCron(job, old.spec.schedule?.includes('TZ') === true);

function validateSchedule({ schedule, timeZone }: CronJob['spec'], zonesAllowed: boolean): FieldError[] {
  const at = 'spec.schedule';
  if (!schedule) return [requiredError(at)];
  const zoned = /^(?:CRON_)?TZ=(\S*)\s*/.exec(schedule);
  const zone = zoned?.[1];
  const isBad = zone !== undefined && zone !== '' && zone !== 'Local' && zone !== 'UTC' && !isTimeZone(zone);
  const error = isBad
    ? `provided bad location ${zone}: unknown time zone ${zone}`
    : scheduleError(zoned ? schedule.slice(zoned[0].length) : schedule);
  const errors = error === undefined ? [] : [invalidError(at, schedule, error)];
  if (!schedule.includes('TZ')) return errors;
  if (!zonesAllowed)
    errors.push(invalidError(at, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'));
  else if (timeZone !== undefined)
    errors.push(invalidError(at, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule'));
  return errors;
}

function validateCron({ spec, metadata }: CronJob, zonesAllowed: boolean): FieldError[] {
  const errors = [
    ...validateSchedule(spec, zonesAllowed),
    ...timeZoneErrors(spec.timeZone),
    ...nonNegative(spec.startingDeadlineSeconds, 'spec.startingDeadlineSeconds'),
  ];
  if (!POLICIES.includes(spec.concurrencyPolicy ?? ''))
    errors.push(notSupportedError('spec.concurrencyPolicy', spec.concurrencyPolicy, POLICIES));
  const at = 'spec.jobTemplate.spec';
  const job = spec.jobTemplate.spec ?? {};
  errors.push(...validateJobSpec(job, at));
  if (job.selector) errors.push(invalidError(`${at}.selector`, job.selector, '`selector` will be auto-generated'));
  if (job.manualSelector === true)
    errors.push(notSupportedError(`${at}.manualSelector`, job.manualSelector, ['nil', 'false']));
  errors.push(
    ...nonNegative(spec.successfulJobsHistoryLimit, 'spec.successfulJobsHistoryLimit'),
    ...nonNegative(spec.failedJobsHistoryLimit, 'spec.failedJobsHistoryLimit'),
  );
  if ((metadata.name?.length ?? 0) > MAX_CRON_NAME)
    errors.push(invalidError('metadata.name', metadata.name, maxLengthText(MAX_CRON_NAME)));
  return errors;
}
