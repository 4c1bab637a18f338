/** What may change of a job. Upstream: batch/validation ValidateJobSpecUpdate. */
import type { FieldError } from '../../../machinery/status.ts';
import { invalidError } from '../../../machinery/validation/index.ts';
import { equalJson } from '../../equal-json.ts';
import type { Job, JobSpec } from '../../generated/types/batch-v1.ts';
import type { Affinity, Container, PodTemplateSpec } from '../../generated/types/core-v1.ts';
import { internalForm } from '../../internal-form.ts';
import { validateJob, validateSelectedSpec } from './validate.ts';

const FIXED = ['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const;
const FORMS: Readonly<Record<string, string>> = {
  podFailurePolicy: 'batch/v1.PodFailurePolicy',
  successPolicy: 'batch/v1.SuccessPolicy',
};
const IMMUTABLE = 'field is immutable';

/** The work of a job is fixed; how much of it runs at once is not. The job is checked twice, as upstream does. */
export function validateJobUpdate(job: Job, old: Job): FieldError[] {
  const { spec } = job;
  const errors = [...validateJob(job), ...validateSelectedSpec(spec), ...validateCompletions(spec, old.spec)];
  if (!equalJson(spec.selector, old.spec.selector))
    errors.push(invalidError('spec.selector', spec.selector ?? null, IMMUTABLE));
  errors.push(...validateTemplateUpdate(job, old));
  for (const field of FIXED) {
    const value = spec[field];
    if (equalJson(value, old.spec[field])) continue;
    const type = FORMS[field];
    const shown = value !== undefined && type !== undefined ? internalForm(type, value) : (value ?? null);
    errors.push(invalidError(`spec.${field}`, shown, IMMUTABLE));
  }
  return errors;
}

/** An indexed job may change its size, as a whole; that it has one is checked elsewhere. */
function validateCompletions(spec: JobSpec, old: JobSpec): FieldError[] {
  const { completions } = spec;
  const at = 'spec.completions';
  if (completions === old.completions) return [];
  if (spec.completionMode !== 'Indexed') return [invalidError(at, completions ?? null, IMMUTABLE)];
  if (completions === undefined || completions === spec.parallelism) return [];
  return [invalidError(at, completions, 'can only be modified in tandem with spec.parallelism')];
}

/** Pods of a job that is suspended, as its controller says, and has none may be placed and sized anew. */
function validateTemplateUpdate({ spec: { template } }: Job, { spec: old, status }: Job): FieldError[] {
  const isSuspended = old.suspend === true;
  const isIdle =
    isSuspended &&
    (status?.conditions ?? []).some((condition) => condition.type === 'Suspended' && condition.status === 'True') &&
    (status?.active ?? 0) === 0;
  const before = isIdle ? withPlacement(old.template, template) : old.template;
  if (!isIdle) {
    if (equalJson(template, before)) return [];
    return [invalidError('spec.template', internalForm('core/v1.PodTemplateSpec', template), IMMUTABLE)];
  }
  if (equalJson(template.spec, withResources(before, template).spec)) return [];
  return [invalidError('spec.template.spec', internalForm('core/v1.PodSpec', template.spec), IMMUTABLE)];
}

/** A value that may be absent, as a member to spread. */
const member = <K extends string>(name: K, value: unknown): object => (value === undefined ? {} : { [name]: value });

/** `old` with what `now` says of where its pods go. */
function withPlacement(old: PodTemplateSpec, now: PodTemplateSpec): PodTemplateSpec {
  const { nodeSelector: _, tolerations: __, schedulingGates: ___, affinity, ...spec } = old.spec;
  return {
    ...old,
    spec: {
      ...spec,
      ...member('nodeSelector', now.spec.nodeSelector),
      ...member('tolerations', now.spec.tolerations),
      ...member('schedulingGates', now.spec.schedulingGates),
      ...member('affinity', withNodeAffinity(affinity, now.spec.affinity)),
    },
  } as PodTemplateSpec;
}

function withNodeAffinity(old: Affinity | undefined, now: Affinity | undefined): Affinity | undefined {
  if (!old && !now) return undefined;
  const { nodeAffinity: _, ...others } = old ?? {};
  if (!now) return Object.keys(others).length > 0 ? others : undefined;
  return { ...others, ...member('nodeAffinity', now.nodeAffinity) };
}

/** `old` with the resources that containers of the same place and name have in `now`. */
function withResources(old: PodTemplateSpec, now: PodTemplateSpec): PodTemplateSpec {
  const sized = (list: readonly Container[] | undefined, other: readonly Container[] | undefined): unknown => {
    if (list?.length !== other?.length) return list;
    return list?.map((container, index) => {
      const { resources: _, ...rest } = container;
      return other?.[index]?.name === container.name
        ? { ...rest, ...member('resources', other?.[index]?.resources) }
        : container;
    });
  };
  return {
    ...old,
    spec: {
      ...old.spec,
      ...member('containers', sized(old.spec.containers, now.spec.containers)),
      ...member('initContainers', sized(old.spec.initContainers, now.spec.initContainers)),
    },
  } as PodTemplateSpec;
}
