/** Rules of jobs. Upstream: pkg/apis/batch/validation. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  dns1123Label,
  domainPrefixedPath,
  invalidError,
  notSupportedError,
  requiredError,
  tooLongError,
} from '../../../machinery/validation/index.ts';
import { validatePodTemplate } from '../../core/v1/pod-spec/validate-spec.ts';
import type { Job, JobSpec } from '../../generated/types/batch-v1.ts';
import { isEmptySelector, matchesSelector, validateLabelSelector } from '../../label-selector.ts';
import { nonNegative } from '../../numbers.ts';
import { validatePodFailurePolicy, validateSuccessPolicy } from './validate-policies.ts';

const MODES = ['NonIndexed', 'Indexed'];
const REPLACEMENTS = ['Failed', 'TerminatingOrFailed'];
const MAX_INDEXED_PARALLELISM = 100_000;
const MAX_FAILED_INDEXES = 100_000;
/** From here on a job with a limit per index must bound its failures and its parallelism. */
const MANY_COMPLETIONS = 100_000;
const MAX_OF_MANY = 10_000;
const MAX_MANAGED_BY = 63;
const COUNTS = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const;

/** Upstream: validateJobSpec. */
export function validateJobSpec(spec: JobSpec, path: string): FieldError[] {
  const errors = COUNTS.flatMap((field) => nonNegative(spec[field], `${path}.${field}`));
  const { completionMode: mode, managedBy } = spec;
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined)
    errors.push(requiredError(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'));
  if (managedBy !== undefined) {
    errors.push(...domainPrefixedPath(managedBy, `${path}.managedBy`));
    if (managedBy.length > MAX_MANAGED_BY) errors.push(tooLongError(`${path}.managedBy`, MAX_MANAGED_BY));
  }
  if (mode !== undefined && !MODES.includes(mode))
    errors.push(notSupportedError(`${path}.completionMode`, mode, MODES));
  if (mode === 'Indexed') errors.push(...validateIndexed(spec, path));
  if (mode === undefined || mode === 'NonIndexed') {
    for (const field of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const) {
      if (spec[field] !== undefined)
        errors.push(invalidError(`${path}.${field}`, spec[field], 'requires indexed completion mode'));
    }
  }
  if (spec.podFailurePolicy) errors.push(...validatePodFailurePolicy(spec, `${path}.podFailurePolicy`));
  if (spec.successPolicy) errors.push(...validateSuccessPolicy(spec.successPolicy, spec, `${path}.successPolicy`));
  const replacements = spec.podFailurePolicy ? REPLACEMENTS.slice(0, 1) : REPLACEMENTS;
  if (spec.podReplacementPolicy !== undefined && !replacements.includes(spec.podReplacementPolicy))
    errors.push(notSupportedError(`${path}.podReplacementPolicy`, spec.podReplacementPolicy, replacements));
  if (!spec.template) return errors;
  errors.push(...validatePodTemplate(spec.template, `${path}.template`));
  return [...errors, ...validateRestarts(spec, `${path}.template.spec.restartPolicy`)];
}

function validateIndexed(spec: JobSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { completions, parallelism = 0, maxFailedIndexes: most, backoffLimitPerIndex: limit } = spec;
  const refuse = (field: 'parallelism' | 'maxFailedIndexes', why: string): void =>
    void errors.push(invalidError(`${path}.${field}`, spec[field], `must be less than or equal to ${why}`));
  if (completions === undefined) errors.push(requiredError(`${path}.completions`, 'when completion mode is Indexed'));
  if (parallelism > MAX_INDEXED_PARALLELISM)
    refuse('parallelism', `${MAX_INDEXED_PARALLELISM} when completion mode is Indexed`);
  if (completions !== undefined && most !== undefined && most > completions) refuse('maxFailedIndexes', 'completions');
  if (most !== undefined && most > MAX_FAILED_INDEXES) refuse('maxFailedIndexes', String(MAX_FAILED_INDEXES));
  if (limit === undefined || (completions ?? 0) <= MANY_COMPLETIONS) return errors;
  if (most === undefined) {
    const why = `must be specified when completions is above ${MANY_COMPLETIONS}`;
    errors.push(requiredError(`${path}.maxFailedIndexes`, why));
  }
  const many = `${MAX_OF_MANY} when completions are above ${MANY_COMPLETIONS} and used with backoff limit per index`;
  if (parallelism > MAX_OF_MANY) refuse('parallelism', many);
  if (most !== undefined && most > MAX_OF_MANY) refuse('maxFailedIndexes', many);
  return errors;
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

/** The selector of a job and what it selects. Upstream: ValidateJobSpec. */
export function validateSelectedSpec(spec: JobSpec): FieldError[] {
  const errors = validateJobSpec(spec, 'spec');
  const { selector, template } = spec;
  if (!selector) errors.push(requiredError('spec.selector'));
  else errors.push(...validateLabelSelector(selector, 'spec.selector'));
  const labels = template?.metadata?.labels;
  const isValid = !selector || validateLabelSelector(selector, '').length === 0;
  const selects = selector && (isEmptySelector(selector) || matchesSelector(selector, labels ?? {}));
  if (isValid && !selects)
    errors.push(
      invalidError('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`'),
    );
  return errors;
}

/** Upstream: ValidateGeneratedSelector. */
function validateGeneratedSelector({ spec, metadata }: Job): FieldError[] {
  if (spec.manualSelector === true || !spec.selector) return [];
  const errors: FieldError[] = [];
  const [uid, name] = [metadata.uid ?? '', metadata.name ?? ''];
  const expected: Readonly<Record<string, string>> = {
    'controller-uid': uid,
    'job-name': name,
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
  };
  const labels = spec.template?.metadata?.labels;
  for (const [key, value] of Object.entries(expected)) {
    const at = `spec.template.metadata.labels[${key}]`;
    if (labels?.[key] === undefined) errors.push(requiredError(at, `must be '${value}'`));
    else if (labels[key] !== value) errors.push(invalidError(at, sorted(labels), `must be '${value}'`));
  }
  if (validateLabelSelector(spec.selector, '').length === 0 && !matchesSelector(spec.selector, expected))
    errors.push(invalidError('spec.selector', spec.selector, '`selector` not auto-generated'));
  return errors;
}

const sorted = (map: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));

export const validateJob = (job: Job): FieldError[] => [
  ...validateGeneratedSelector(job),
  ...validateSelectedSpec(job.spec),
  ...validateHostnames(job),
];

/** The name of an indexed job, with the last of its indexes, is that of a host. */
function validateHostnames({ metadata: { name = '' }, spec: { completionMode, completions = 0 } }: Job): FieldError[] {
  if (completionMode !== 'Indexed' || completions <= 0) return [];
  const last = `${name}-${completions - 1}`;
  if (dns1123Label(last).length === 0) return [];
  return [invalidError('metadata.name', name, `will not able to create pod with invalid DNS label: ${last}`)];
}
