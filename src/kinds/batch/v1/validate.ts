/** Rules of jobs and cron jobs. Upstream: pkg/apis/batch/validation. */
import type { FieldError } from '../../../machinery/status.ts';
import { invalidError, maxLengthText, notSupportedError, requiredError } from '../../../machinery/validation/index.ts';
import { validatePodTemplate } from '../../core/v1/pod-spec/validate-spec.ts';
import { equalJson } from '../../equal-json.ts';
import type { CronJob, Job, JobSpec } from '../../generated/types/batch-v1.ts';
import { isEmptySelector, matchesSelector, validateLabelSelector } from '../../label-selector.ts';
import { nonNegative } from '../../numbers.ts';

const MODES = ['NonIndexed', 'Indexed'];
const REPLACEMENTS = ['Failed', 'TerminatingOrFailed'];
const MAX_INDEXED_PARALLELISM = 100_000;
/** Jobs get eleven characters added to the name of their cron job. */
const MAX_CRON_NAME = 52;
const COUNTS = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const;

function validateJobSpec(spec: JobSpec, path: string): FieldError[] {
  const errors = COUNTS.flatMap((field) => nonNegative(spec[field], `${path}.${field}`));
  const mode = spec.completionMode;
  if (mode !== undefined) {
    if (!MODES.includes(mode)) errors.push(notSupportedError(`${path}.completionMode`, mode, MODES));
    if (mode === 'Indexed') {
      if (spec.completions === undefined)
        errors.push(requiredError(`${path}.completions`, 'when completion mode is Indexed'));
      if ((spec.parallelism ?? 0) > MAX_INDEXED_PARALLELISM) {
        errors.push(
          invalidError(
            `${path}.parallelism`,
            spec.parallelism,
            `must be less than or equal to ${MAX_INDEXED_PARALLELISM} when completion mode is Indexed`,
          ),
        );
      }
    }
  }
  if (mode !== 'Indexed') {
    for (const field of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const) {
      if (spec[field] !== undefined)
        errors.push(invalidError(`${path}.${field}`, spec[field], 'requires indexed completion mode'));
    }
  }
  if (spec.podReplacementPolicy !== undefined && !REPLACEMENTS.includes(spec.podReplacementPolicy)) {
    errors.push(notSupportedError(`${path}.podReplacementPolicy`, spec.podReplacementPolicy, REPLACEMENTS));
  }
  if (!spec.template) return errors;
  errors.push(...validatePodTemplate(spec.template, `${path}.template`));
  return [...errors, ...validateRestarts(spec, `${path}.template.spec.restartPolicy`)];
}

function validateRestarts(spec: JobSpec, path: string): FieldError[] {
  const policy = spec.template.spec.restartPolicy;
  if (policy === '' || policy === 'Always' || policy === undefined)
    return [requiredError(path, 'valid values: "OnFailure", "Never"')];
  if (policy !== 'OnFailure' && policy !== 'Never') return [notSupportedError(path, policy, ['OnFailure', 'Never'])];
  return spec.podFailurePolicy && policy !== 'Never'
    ? [invalidError(path, policy, 'only "Never" is supported when podFailurePolicy is specified')]
    : [];
}

export function validateJob({ spec }: Job): FieldError[] {
  const errors: FieldError[] = [];
  if (!spec.selector) errors.push(requiredError('spec.selector'));
  else {
    errors.push(...validateLabelSelector(spec.selector, 'spec.selector'));
    const labels = spec.template?.metadata?.labels ?? {};
    if (!isEmptySelector(spec.selector) && !matchesSelector(spec.selector, labels)) {
      errors.push(
        invalidError(
          'spec.template.metadata.labels',
          spec.template?.metadata?.labels ?? null,
          '`selector` does not match template `labels`',
        ),
      );
    }
  }
  return [...errors, ...validateJobSpec(spec, 'spec')];
}

/** The work of a job is fixed; how much of it runs at once is not. */
export function validateJobUpdate(job: Job, old: Job): FieldError[] {
  const errors = validateJobSpec(job.spec, 'spec');
  const fixed = [
    'selector',
    'completionMode',
    'podFailurePolicy',
    'backoffLimitPerIndex',
    'managedBy',
    'successPolicy',
  ] as const;
  for (const field of fixed) {
    if (!equalJson(job.spec[field], old.spec[field]))
      errors.push(invalidError(`spec.${field}`, job.spec[field] ?? null, 'field is immutable'));
  }
  const resized = job.spec.completionMode === 'Indexed' && job.spec.completions === job.spec.parallelism;
  if (!resized && job.spec.completions !== old.spec.completions)
    errors.push(invalidError('spec.completions', job.spec.completions ?? null, 'field is immutable'));
  // While it is suspended and has not started, a job may still be placed elsewhere.
  const movable = old.spec.suspend === true && old.status?.startTime === undefined;
  if (!movable && !equalJson(job.spec.template, old.spec.template))
    errors.push(invalidError('spec.template', job.spec.template, 'field is immutable'));
  return errors;
}

const POLICIES = ['Allow', 'Forbid', 'Replace'];
const MACROS = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']);
const RANGES: readonly (readonly [number, number])[] = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
];
const NAMES = /^(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)$/i;

/** Why a schedule cannot be understood; undefined when it can. */
export function scheduleError(schedule: string): string | undefined {
  if (schedule.startsWith('@'))
    return MACROS.has(schedule) || /^@every \S+$/.test(schedule) ? undefined : `unrecognized descriptor: ${schedule}`;
  const fields = schedule.split(/\s+/).filter((field) => field !== '');
  if (fields.length !== 5) return `expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`;
  for (const [index, field] of fields.entries()) {
    const [low = 0, high = 0] = RANGES[index] ?? [];
    for (const part of field.split(',')) {
      const error = partError(part, low, high);
      if (error !== undefined) return error;
    }
  }
  return undefined;
}

function partError(part: string, low: number, high: number): string | undefined {
  const [range = '', step, ...rest] = part.split('/');
  if (rest.length > 0) return `too many slashes: ${part}`;
  if (step !== undefined && !/^\d+$/.test(step))
    return `failed to parse int from ${step}: strconv.Atoi: parsing "${step}": invalid syntax`;
  if (step !== undefined && Number(step) === 0) return `step of range should be a positive number: ${part}`;
  if (range === '*' || range === '?') return undefined;
  const ends = range.split('-');
  if (ends.length > 2) return `too many hyphens: ${part}`;
  for (const end of ends) {
    if (NAMES.test(end)) continue;
    if (!/^\d+$/.test(end)) return `failed to parse int from ${end}: strconv.Atoi: parsing "${end}": invalid syntax`;
    if (Number(end) < low) return `beginning of range (${end}) below minimum (${low}): ${part}`;
    if (Number(end) > high) return `end of range (${end}) above maximum (${high}): ${part}`;
  }
  return undefined;
}

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

export function validateCronJob({ spec, metadata }: CronJob): FieldError[] {
  const errors: FieldError[] = [];
  if (!spec.schedule) errors.push(requiredError('spec.schedule'));
  else {
    const zoned = /^(CRON_)?TZ=\S*\s*/.exec(spec.schedule);
    if (zoned)
      errors.push(
        invalidError(
          'spec.schedule',
          spec.schedule,
          'cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
        ),
      );
    const error = scheduleError(zoned ? spec.schedule.slice(zoned[0].length) : spec.schedule);
    if (error !== undefined) errors.push(invalidError('spec.schedule', spec.schedule, error));
  }
  errors.push(
    ...timeZoneErrors(spec.timeZone),
    ...nonNegative(spec.startingDeadlineSeconds, 'spec.startingDeadlineSeconds'),
  );
  if (!POLICIES.includes(spec.concurrencyPolicy ?? ''))
    errors.push(notSupportedError('spec.concurrencyPolicy', spec.concurrencyPolicy, POLICIES));
  errors.push(...validateJobSpec(spec.jobTemplate.spec, 'spec.jobTemplate.spec'));
  errors.push(
    ...nonNegative(spec.successfulJobsHistoryLimit, 'spec.successfulJobsHistoryLimit'),
    ...nonNegative(spec.failedJobsHistoryLimit, 'spec.failedJobsHistoryLimit'),
  );
  if ((metadata.name?.length ?? 0) > MAX_CRON_NAME)
    errors.push(invalidError('metadata.name', metadata.name, maxLengthText(MAX_CRON_NAME)));
  return errors;
}
