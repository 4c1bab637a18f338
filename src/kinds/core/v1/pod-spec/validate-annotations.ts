/** Annotations that were fields before their time. Upstream: core/validation ValidatePodSpecificAnnotations. */
import type { ObjectMeta } from '../../../../machinery/meta.ts';
import type { FieldError } from '../../../../machinery/status.ts';
import { forbiddenError, invalidError } from '../../../../machinery/validation/index.ts';
import type { PodSpec, Toleration } from '../../../generated/types/core-v1.ts';
import { decodeAnnotatedList } from '../annotated-list.ts';
import { localPath } from './paths.ts';
import { validateTolerations } from './validate-scheduling.ts';
import { visitContainers } from './visit.ts';

export const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/';
export const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
export const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
export const MIRROR = 'kubernetes.io/config.mirror';
const TOLERATIONS = 'scheduler.alpha.kubernetes.io/tolerations';
const TOLERATION = {
  name: 'core.Toleration',
  fields: {
    Key: 'string',
    Operator: 'core.TolerationOperator',
    Value: 'string',
    Effect: 'core.TaintEffect',
    TolerationSeconds: 'int64',
  },
};
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
export const LOCALHOST = 'localhost/';

type Annotations = Readonly<Record<string, string>>;

/** `path`: of the annotations. */
export function validatePodAnnotations(annotations: Annotations, spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const mirror = annotations[MIRROR];
  if (mirror !== undefined && !spec.nodeName)
    errors.push(invalidError(`${path}[${MIRROR}]`, mirror, 'must set spec.nodeName if mirror pod annotation is set'));
  const tolerations = annotations[TOLERATIONS];
  if (tolerations) errors.push(...validateTolerationsText(tolerations, path));
  const cost = annotations[DELETION_COST];
  if (cost !== undefined && !isInt32(cost))
    errors.push(invalidError(`${path}[${DELETION_COST}]`, cost, 'must be a 32bit integer'));
  const whole = annotations[SECCOMP_POD];
  if (whole !== undefined) errors.push(...validateSeccompAnnotation(whole, `${path}.${SECCOMP_POD}`));
  const entries = Object.entries(annotations);
  for (const [key, value] of entries)
    if (key.startsWith(SECCOMP_CONTAINER)) errors.push(...validateSeccompAnnotation(value, `${path}.${key}`));
  for (const [key, value] of entries)
    if (key.startsWith(APP_ARMOR)) errors.push(...validateAppArmorAnnotation(key, value, { spec, path }));
  return errors;
}

/** Tolerations as they were before they had a field. Upstream: ValidateTolerationsInPodAnnotations. */
function validateTolerationsText(text: string, path: string): FieldError[] {
  const list = decodeAnnotatedList<Toleration>(text, TOLERATION);
  if ('why' in list) return [invalidError(path, TOLERATIONS, list.why)];
  return validateTolerations(list.items, `${path}.${TOLERATIONS}`);
}

/** Upstream: GetDeletionCostFromPodAnnotations, which takes neither a plus nor zeros that lead. */
const isInt32 = (text: string): boolean =>
  /^(0|-\d+|[1-9]\d*)$/.test(text) && Number(text) >= -2147483648 && Number(text) <= 2147483647;

function validateAppArmorAnnotation(
  key: string,
  value: string,
  { spec, path }: { spec: PodSpec; path: string },
): FieldError[] {
  const errors: FieldError[] = [];
  const name = key.slice(APP_ARMOR.length);
  let found = false;
  visitContainers(spec, '', (container) => {
    found ||= container.name === name;
  });
  if (!found) errors.push(invalidError(`${path}[${key}]`, name, 'container not found'));
  const known = value === '' || value === 'runtime/default' || value === 'unconfined' || value.startsWith(LOCALHOST);
  if (!known)
    errors.push(invalidError(`${path}[${key}]`, value, `invalid AppArmor profile name: ${JSON.stringify(value)}`));
  return errors;
}

function validateSeccompAnnotation(value: string, path: string): FieldError[] {
  if (value === 'runtime/default' || value === 'docker/default' || value === 'unconfined') return [];
  if (value.startsWith(LOCALHOST)) return localPath(value.slice(LOCALHOST.length), path);
  return [invalidError(path, value, 'must be a valid seccomp profile')];
}

interface Profile {
  type: string;
  localhostProfile?: string;
}

/** A field that is given twice must be the same in both places. `kind` names it in messages. */
function validateMatch(
  profile: Profile,
  annotation: string,
  { path, kind }: { path: string; kind: string },
): FieldError[] {
  const wrongType = [forbiddenError(`${path}.type`, `${kind} type in annotation and field must match`)];
  if (profile.type === 'Unconfined') return annotation === 'unconfined' ? [] : wrongType;
  if (profile.type === 'RuntimeDefault') {
    const docker = kind === 'seccomp' && annotation === 'docker/default';
    return annotation === 'runtime/default' || docker ? [] : wrongType;
  }
  if (profile.type !== 'Localhost') return [];
  if (!annotation.startsWith(LOCALHOST)) return wrongType;
  return annotation.slice(LOCALHOST.length) === profile.localhostProfile
    ? []
    : [forbiddenError(`${path}.localhostProfile`, `${kind} profile in annotation and field must match`)];
}

/** Upstream: validateSeccompAnnotationsAndFields, validateAppArmorAnnotationsAndFieldsMatchOnCreate. */
export function validateProfileMatches(metadata: ObjectMeta | undefined, spec: PodSpec, path: string): FieldError[] {
  const annotations = metadata?.annotations;
  if (!annotations) return [];
  const errors: FieldError[] = [];
  const pod = spec.securityContext;
  const whole = annotations[SECCOMP_POD];
  if (pod?.seccompProfile && whole !== undefined) {
    const at = `${path}.securityContext.seccompProfile`;
    errors.push(...validateMatch(pod.seccompProfile, whole, { path: at, kind: 'seccomp' }));
  }
  visitContainers(spec, path, (container, at) => {
    const own = container.securityContext?.seccompProfile;
    const annotation = annotations[SECCOMP_CONTAINER + container.name];
    if (own && annotation !== undefined)
      errors.push(...validateMatch(own, annotation, { path: `${at}.securityContext.seccompProfile`, kind: 'seccomp' }));
  });
  if (spec.os?.name === 'windows') return errors;
  visitContainers(spec, path, (container, at) => {
    const profile = container.securityContext?.appArmorProfile ?? pod?.appArmorProfile;
    const annotation = annotations[APP_ARMOR + container.name];
    if (profile && annotation !== undefined)
      errors.push(
        ...validateMatch(profile, annotation, { path: `${at}.securityContext.appArmorProfile`, kind: 'apparmor' }),
      );
  });
  return errors;
}
