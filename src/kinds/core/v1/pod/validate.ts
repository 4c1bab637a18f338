/** Pods on create and update. Upstream: core/validation ValidatePodCreate, ValidatePodUpdate. */
import type { FieldError } from '../../../../machinery/status.ts';
import { forbiddenError, invalidError } from '../../../../machinery/validation/index.ts';
import { equalJson } from '../../../equal-json.ts';
import type { Container, Pod, PodSpec, Toleration } from '../../../generated/types/core-v1.ts';
import { validatePodSpec } from '../pod-spec/validate-spec.ts';

const IMMUTABLE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

export function validatePodCreate(pod: Pod): FieldError[] {
  const errors = validatePodSpec(pod.spec, 'spec');
  if (pod.spec.ephemeralContainers?.length)
    errors.push(forbiddenError('spec.ephemeralContainers', 'cannot be set on create'));
  const mirror = pod.metadata.annotations?.['kubernetes.io/config.mirror'];
  if (mirror !== undefined && !pod.spec.nodeName) {
    errors.push(
      invalidError(
        'metadata.annotations[kubernetes.io/config.mirror]',
        mirror,
        'must set spec.nodeName if mirror pod annotation is set',
      ),
    );
  }
  return errors;
}

/** Almost nothing of a pod may change once it is there. */
export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  const errors = [
    ...validatePodSpec(pod.spec, 'spec'),
    ...validateImages(pod.spec.containers ?? [], old.spec.containers ?? [], 'spec.containers'),
    ...validateImages(pod.spec.initContainers ?? [], old.spec.initContainers ?? [], 'spec.initContainers'),
  ];
  // A container more or less cannot be compared field by field.
  if (errors.some((error) => error.message.includes('may not add or remove containers'))) return errors;
  errors.push(...validateDeadline(pod.spec, old.spec), ...validateTolerationsUpdate(pod.spec, old.spec));
  errors.push(...validateGates(pod.spec, old.spec));
  if (!equalJson(withMutableFields(pod.spec, old.spec), old.spec))
    errors.push(forbiddenError('spec', `${IMMUTABLE}\n`));
  return errors;
}

function validateImages(containers: readonly Container[], old: readonly Container[], path: string): FieldError[] {
  if (containers.length !== old.length) return [forbiddenError(path, 'pod updates may not add or remove containers')];
  return containers.flatMap((container, index) => {
    const image = container.image ?? '';
    if (image === '')
      return [
        { type: 'FieldValueRequired', field: `${path}[${index}].image`, message: 'Required value' } as FieldError,
      ];
    return image === image.trim()
      ? []
      : [invalidError(`${path}[${index}].image`, image, 'must not have leading or trailing whitespace')];
  });
}

function validateDeadline(spec: PodSpec, old: PodSpec): FieldError[] {
  const field = 'spec.activeDeadlineSeconds';
  const next = spec.activeDeadlineSeconds;
  const before = old.activeDeadlineSeconds;
  if (next === undefined)
    return before === undefined
      ? []
      : [invalidError(field, null, 'must not update from a positive integer to nil value')];
  if (next < 0 || next > 2147483647) return [invalidError(field, next, 'must be between 0 and 2147483647, inclusive')];
  return before !== undefined && next > before
    ? [invalidError(field, next, 'must be less than or equal to previous value')]
    : [];
}

const sameToleration = (a: Toleration, b: Toleration): boolean =>
  (a.key ?? '') === (b.key ?? '') &&
  (a.operator ?? '') === (b.operator ?? '') &&
  (a.value ?? '') === (b.value ?? '') &&
  (a.effect ?? '') === (b.effect ?? '');

function validateTolerationsUpdate(spec: PodSpec, old: PodSpec): FieldError[] {
  const kept = (old.tolerations ?? []).every((before) =>
    spec.tolerations?.some((toleration) => sameToleration(toleration, before)),
  );
  return kept
    ? []
    : [forbiddenError('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')];
}

/** Gates may only go away. */
function validateGates(spec: PodSpec, old: PodSpec): FieldError[] {
  const before = new Set((old.schedulingGates ?? []).map((gate) => gate.name));
  const added = (spec.schedulingGates ?? []).map((gate) => gate.name).filter((name) => !before.has(name));
  return added.length === 0
    ? []
    : [
        forbiddenError(
          'spec.schedulingGates',
          `only deletion is allowed, but found new scheduling gates '${added.join(',')}'`,
        ),
      ];
}

/** The new spec with what may change put back, to be compared with the old one. */
function withMutableFields(spec: PodSpec, old: PodSpec): PodSpec {
  const images = (
    containers: readonly Container[] | undefined,
    before: readonly Container[] | undefined,
  ): Container[] | undefined =>
    containers?.map(
      (container, index) =>
        ({ ...container, image: before?.[index]?.image, imagePullPolicy: container.imagePullPolicy }) as Container,
    );
  const copy: PodSpec = { ...spec, containers: images(spec.containers, old.containers) ?? [] };
  const mutable = {
    initContainers: images(spec.initContainers, old.initContainers),
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    tolerations: old.tolerations,
    schedulingGates: old.schedulingGates,
  };
  Object.assign(copy, mutable);
  if (spec.terminationGracePeriodSeconds === 1 && (old.terminationGracePeriodSeconds ?? 0) < 0) {
    copy.terminationGracePeriodSeconds = old.terminationGracePeriodSeconds as number;
  }
  // While its scheduling is gated, a pod may be restricted further.
  if (old.schedulingGates?.length) Object.assign(copy, { nodeSelector: old.nodeSelector, affinity: old.affinity });
  return copy;
}
