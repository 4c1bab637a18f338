/** Pods on create and update. Upstream: core/validation ValidatePodCreate, ValidatePodUpdate. */
import type { FieldError } from '../../../../machinery/status.ts';
import { forbiddenError, invalidError, requiredError } from '../../../../machinery/validation/index.ts';
import { equalJson } from '../../../equal-json.ts';
import type { Affinity, Container, Pod, PodSpec, Toleration } from '../../../generated/types/core-v1.ts';
import { internalDiff } from '../../../internal-diff.ts';
import { internalForm } from '../../../internal-form.ts';
import { APP_ARMOR, MIRROR, validatePodAnnotations, validateProfileMatches } from '../pod-spec/validate-annotations.ts';
import { validateTrimmed } from '../pod-spec/validate-containers.ts';
import { validateTolerations } from '../pod-spec/validate-scheduling.ts';
import { validatePodSpec } from '../pod-spec/validate-spec.ts';
import { validateGatedPlacement } from './validate-gated.ts';

const MUTABLE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';
const MAX_INT32 = 2147483647;

const isMirror = ({ annotations }: Pod['metadata']): boolean =>
  annotations?.['kubernetes.io/config.mirror'] !== undefined;

/** What holds for a pod at any time. Upstream: validatePodMetadataAndSpec. */
export function validatePod(pod: Pod): FieldError[] {
  const { spec, metadata } = pod;
  const errors = [
    ...(metadata.annotations ? validatePodAnnotations(metadata.annotations, spec, 'metadata.annotations') : []),
    ...validatePodSpec(spec, 'spec', { isPod: true, podName: metadata.name ?? '', isMirror: isMirror(metadata) }),
  ];
  if (!spec.serviceAccountName) errors.push(...validateNoTokens(spec));
  for (const field of ['containers', 'initContainers'] as const) {
    for (const [index, container] of (spec[field] ?? []).entries())
      errors.push(...validateTrimmed(container, `spec.${field}[${index}]`));
  }
  return errors;
}

function validateNoTokens(spec: PodSpec): FieldError[] {
  return (spec.volumes ?? []).flatMap((volume, index) =>
    (volume.projected?.sources ?? []).flatMap((source, at) =>
      source.serviceAccountToken
        ? [
            forbiddenError(
              `spec.volumes[${index}].projected.sources[${at}].serviceAccountToken`,
              'must not be specified when serviceAccountName is not set',
            ),
          ]
        : [],
    ),
  );
}

export function validatePodCreate(pod: Pod): FieldError[] {
  const errors = validatePod(pod);
  const { spec } = pod;
  if (spec.ephemeralContainers?.length)
    errors.push(forbiddenError('spec.ephemeralContainers', 'cannot be set on create'));
  if (spec.nodeName && spec.schedulingGates?.length)
    errors.push(forbiddenError('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'));
  return [...errors, ...validateProfileMatches(pod.metadata, spec, 'spec')];
}

/** Upstream: ValidatePodSpecificAnnotationUpdates. */
export function validateAnnotationUpdates(pod: Pod, old: Pod): FieldError[] {
  const before = old.metadata.annotations ?? {};
  const now = pod.metadata.annotations ?? {};
  const refuse = (key: string, what: string): FieldError[] => {
    const name = key === MIRROR ? 'mirror pod annotation' : 'AppArmor annotations';
    const isFixed = key === MIRROR || key.startsWith(APP_ARMOR);
    return isFixed ? [forbiddenError(`metadata.annotations[${key}]`, `may not ${what} ${name}`)] : [];
  };
  return [
    ...Object.keys(before).flatMap((key) => (now[key] === before[key] ? [] : refuse(key, 'remove or update'))),
    ...Object.keys(now).flatMap((key) => (before[key] === undefined ? refuse(key, 'add') : [])),
    ...validatePodAnnotations(now, pod.spec, 'metadata.annotations'),
  ];
}

/** Almost nothing of a pod may change once it is there. */
export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  const errors = [...validatePod(pod), ...validateAnnotationUpdates(pod, old)];
  for (const field of ['containers', 'initContainers'] as const) {
    const [now, before] = [pod.spec[field] ?? [], old.spec[field] ?? []];
    // A container more or less cannot be compared field by field.
    if (now.length !== before.length)
      return [...errors, forbiddenError(`spec.${field}`, 'pod updates may not add or remove containers')];
    for (const [index, container] of now.entries()) errors.push(...validateImage(container, `spec.${field}[${index}]`));
  }
  const { errors: found, stop } = validateDeadline(pod.spec, old.spec);
  errors.push(...found);
  if (stop) return errors;
  errors.push(...validateTolerationsUpdate(pod.spec, old.spec), ...validateGates(pod.spec, old.spec));
  if (equalJson(pod.spec, old.spec)) return errors;
  if (old.spec.schedulingGates?.length) errors.push(...validateGatedPlacement(pod.spec, old.spec));
  const fixed = withMutableFields(pod.spec, old.spec);
  if (equalJson(fixed, old.spec)) return errors;
  const diff = internalDiff(internalForm('core/v1.PodSpec', old.spec), internalForm('core/v1.PodSpec', fixed));
  return [...errors, forbiddenError('spec', `${MUTABLE}\n${diff}`)];
}

const validateImage = (container: Container, path: string): FieldError[] =>
  container.image ? validateTrimmed(container, path) : [requiredError(`${path}.image`)];

/** A deadline may be set, and come nearer. */
function validateDeadline(spec: PodSpec, old: PodSpec): { errors: FieldError[]; stop: boolean } {
  const field = 'spec.activeDeadlineSeconds';
  const next = spec.activeDeadlineSeconds;
  const before = old.activeDeadlineSeconds;
  if (next === undefined) {
    const why = 'must not update from a positive integer to nil value';
    return { errors: before === undefined ? [] : [invalidError(field, null, why)], stop: false };
  }
  if (next < 0 || next > MAX_INT32)
    return { errors: [invalidError(field, next, `must be between 0 and ${MAX_INT32}, inclusive`)], stop: true };
  if (before !== undefined && next > before)
    return { errors: [invalidError(field, next, 'must be less than or equal to previous value')], stop: true };
  return { errors: [], stop: false };
}

const sameToleration = (a: Toleration, b: Toleration): boolean =>
  (a.key ?? '') === (b.key ?? '') &&
  (a.operator ?? '') === (b.operator ?? '') &&
  (a.value ?? '') === (b.value ?? '') &&
  (a.effect ?? '') === (b.effect ?? '');

function validateTolerationsUpdate(spec: PodSpec, old: PodSpec): FieldError[] {
  const tolerations = spec.tolerations ?? [];
  const kept = (old.tolerations ?? []).every((before) => tolerations.some((now) => sameToleration(now, before)));
  return kept
    ? validateTolerations(tolerations, 'spec.tolerations')
    : [forbiddenError('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')];
}

/** Gates may only go away; of those with one name the last counts. */
function validateGates(spec: PodSpec, old: PodSpec): FieldError[] {
  const before = new Set((old.schedulingGates ?? []).map((gate) => gate.name));
  const added = new Map((spec.schedulingGates ?? []).map(({ name }, index) => [name, index]));
  return [...added].flatMap(([name, index]) => {
    if (before.has(name)) return [];
    const why = `only deletion is allowed, but found new scheduling gate '${name}'`;
    return [forbiddenError(`spec.schedulingGates[${index}].name`, why)];
  });
}

/** The new spec with what may change put back, to be compared with the old one. */
export function withMutableFields(spec: PodSpec, old: PodSpec): PodSpec {
  const images = (
    containers: readonly Container[] | undefined,
    before: readonly Container[] | undefined,
  ): Container[] | undefined =>
    containers?.map((container, index) => ({ ...container, image: before?.[index]?.image }) as Container);
  const copy = {
    ...spec,
    containers: images(spec.containers, old.containers),
    initContainers: images(spec.initContainers, old.initContainers),
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    tolerations: old.tolerations,
    schedulingGates: old.schedulingGates,
  } as PodSpec;
  if (spec.terminationGracePeriodSeconds === 1 && (old.terminationGracePeriodSeconds ?? 0) < 0)
    copy.terminationGracePeriodSeconds = old.terminationGracePeriodSeconds as number;
  // Where a gated pod may run has rules of its own.
  if (old.schedulingGates?.length) {
    Object.assign(copy, { nodeSelector: old.nodeSelector });
    const others = withoutNodeAffinity(spec.affinity);
    const affinity = { ...others, nodeAffinity: old.affinity?.nodeAffinity } as Affinity;
    const isEmpty = !old.affinity && Object.values(affinity).every((part) => part === undefined);
    Object.assign(copy, { affinity: isEmpty ? undefined : affinity });
  }
  return copy;
}

function withoutNodeAffinity(affinity: Affinity | undefined): Affinity {
  const { nodeAffinity: _, ...others } = affinity ?? {};
  return others;
}
