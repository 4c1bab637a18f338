/** Rules of jobs. Upstream: pkg/apis/batch/validation. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  dns1123Subdomain,
  invalidError,
  invalidErrors,
  notSupportedError,
  requiredError,
  tooLongError,
} from '../../../machinery/validation/index.ts';
import { validatePodTemplate } from '../../core/v1/pod-spec/validate-spec.ts';
import { equalJson } from '../../equal-json.ts';
import type { Job, JobSpec } from '../../generated/types/batch-v1.ts';
import type { Container, PodTemplateSpec } from '../../generated/types/core-v1.ts';
import { internalForm } from '../../internal-form.ts';
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
    errors.push(...validateDomainPrefixedPath(managedBy, `${path}.managedBy`));
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
  const many = `completions is above ${MANY_COMPLETIONS}`;
  if (most === undefined) errors.push(requiredError(`${path}.maxFailedIndexes`, `must be specified when ${many}`));
  if (parallelism > MAX_OF_MANY)
    refuse(
      'parallelism',
      `${MAX_OF_MANY} when completions are above ${MANY_COMPLETIONS} and used with backoff limit per index`,
    );
  if (most !== undefined && most > MAX_OF_MANY) refuse('maxFailedIndexes', `${MAX_OF_MANY} when ${many}`);
  return errors;
}

/** `host/path`. Upstream: IsDomainPrefixedPath. */
function validateDomainPrefixedPath(value: string, path: string): FieldError[] {
  if (value === '') return [requiredError(path)];
  const slash = value.indexOf('/');
  const [host, rest] = [value.slice(0, slash), value.slice(slash + 1)];
  if (slash <= 0 || rest === '')
    return [invalidError(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  const errors = invalidErrors(path, host, dns1123Subdomain(host));
  if (!/^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(rest)) {
    const why = `Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')`;
    errors.push(invalidError(path, rest, why));
  }
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
function validateSelectedSpec(spec: JobSpec): FieldError[] {
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
];

const FIXED = ['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const;
const FORMS: Readonly<Record<string, string>> = {
  podFailurePolicy: 'batch/v1.PodFailurePolicy',
  successPolicy: 'batch/v1.SuccessPolicy',
};

/** The work of a job is fixed; how much of it runs at once is not. The job is checked twice, as upstream does. */
export function validateJobUpdate(job: Job, old: Job): FieldError[] {
  const { spec } = job;
  const errors = [...validateJob(job), ...validateSelectedSpec(spec), ...validateCompletions(spec, old.spec)];
  if (!equalJson(spec.selector, old.spec.selector))
    errors.push(invalidError('spec.selector', spec.selector ?? null, IMMUTABLE));
  if (!equalJson(withMovedPlacement(job, old), old.spec.template))
    errors.push(invalidError('spec.template', internalForm('core/v1.PodTemplateSpec', spec.template), IMMUTABLE));
  for (const field of FIXED) {
    const value = spec[field];
    if (equalJson(value, old.spec[field])) continue;
    const type = FORMS[field];
    const shown = value !== undefined && type !== undefined ? internalForm(type, value) : (value ?? null);
    errors.push(invalidError(`spec.${field}`, shown, IMMUTABLE));
  }
  return errors;
}

const IMMUTABLE = 'field is immutable';

/** An indexed job may change its size, as a whole. */
function validateCompletions(spec: JobSpec, old: JobSpec): FieldError[] {
  if (spec.completions === old.completions) return [];
  if (spec.completionMode !== 'Indexed') return [invalidError('spec.completions', spec.completions ?? null, IMMUTABLE)];
  return spec.completions === spec.parallelism
    ? []
    : [
        invalidError(
          'spec.completions',
          spec.completions ?? null,
          'can only be modified in tandem with spec.parallelism',
        ),
      ];
}

/** The template as it is to be compared: a suspended job that has not started may be placed elsewhere. */
function withMovedPlacement({ spec }: Job, old: Job): PodTemplateSpec {
  const { template } = spec;
  const before = old.spec.template;
  if (old.spec.suspend !== true || old.status?.startTime || !template?.spec || !before?.spec) return template;
  const { labels: _, annotations: __, ...metadata } = template.metadata ?? {};
  const { labels, annotations } = before.metadata ?? {};
  const nodeAffinity = before.spec.affinity?.nodeAffinity;
  const { nodeAffinity: ___, ...affinity } = template.spec.affinity ?? {};
  const isPlaced = template.spec.affinity !== undefined || before.spec.affinity !== undefined;
  const resources = (list: readonly Container[] | undefined, now: readonly Container[] | undefined): unknown =>
    now?.map((container, index) => ({ ...container, resources: list?.[index]?.resources }));
  return {
    ...template,
    metadata: { ...metadata, labels, annotations },
    spec: {
      ...template.spec,
      affinity: isPlaced && before.spec.affinity ? { ...affinity, nodeAffinity } : undefined,
      nodeSelector: before.spec.nodeSelector,
      tolerations: before.spec.tolerations,
      schedulingGates: before.spec.schedulingGates,
      containers: resources(before.spec.containers, template.spec.containers),
      initContainers: resources(before.spec.initContainers, template.spec.initContainers),
    },
  } as PodTemplateSpec;
}
