/** Security contexts. Upstream: core/validation ValidateSecurityContext, validatePodSpecSecurityContext. */
import type { FieldError } from '../../../../machinery/status.ts';
import {
  duplicateError,
  invalidError,
  notSupportedError,
  rangeText,
  requiredError,
} from '../../../../machinery/validation/index.ts';
import type {
  AppArmorProfile,
  PodSecurityContext,
  PodSpec,
  SeccompProfile,
  SecurityContext,
} from '../../../generated/types/core-v1.ts';

const MAX_ID = 2147483647;
const PROFILES = ['Localhost', 'RuntimeDefault', 'Unconfined'];
const SYSCTL = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;

function validateId(id: number | undefined, path: string): FieldError[] {
  return id === undefined || (id >= 0 && id <= MAX_ID) ? [] : [invalidError(path, id, rangeText(0, MAX_ID))];
}

function validateProfile(
  profile: SeccompProfile | AppArmorProfile | undefined,
  path: string,
  name: 'AppArmor' | 'seccomp',
): FieldError[] {
  if (!profile) return [];
  if (!PROFILES.includes(profile.type))
    return [profile.type ? notSupportedError(`${path}.type`, profile.type, PROFILES) : requiredError(`${path}.type`)];
  if (profile.type === 'Localhost') {
    return profile.localhostProfile
      ? []
      : [requiredError(`${path}.localhostProfile`, `must be set when ${name} type is Localhost`)];
  }
  if (profile.localhostProfile === undefined) return [];
  return [
    invalidError(
      `${path}.localhostProfile`,
      profile.localhostProfile,
      `can only be set when ${name} type is Localhost`,
    ),
  ];
}

export function validateContainerSecurity(context: SecurityContext, path: string): FieldError[] {
  const errors = [
    ...validateId(context.runAsUser, `${path}.runAsUser`),
    ...validateId(context.runAsGroup, `${path}.runAsGroup`),
  ];
  if (context.procMount !== undefined && context.procMount !== 'Default' && context.procMount !== 'Unmasked') {
    errors.push(notSupportedError(`${path}.procMount`, context.procMount, ['Default', 'Unmasked']));
  }
  errors.push(...validateProfile(context.seccompProfile, `${path}.seccompProfile`, 'seccomp'));
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged === true)
      errors.push(
        invalidError(path, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'),
      );
    if (context.capabilities?.add?.includes('CAP_SYS_ADMIN')) {
      errors.push(
        invalidError(
          path,
          context,
          'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN',
        ),
      );
    }
  }
  return [...errors, ...validateProfile(context.appArmorProfile, `${path}.appArmorProfile`, 'AppArmor')];
}

export function validatePodSecurity(spec: PodSpec, path: string): FieldError[] {
  const context = spec.securityContext;
  const at = `${path}.securityContext`;
  if (!context) return [];
  const errors = [
    ...validateId(context.fsGroup, `${at}.fsGroup`),
    ...validateId(context.runAsUser, `${at}.runAsUser`),
    ...validateId(context.runAsGroup, `${at}.runAsGroup`),
  ];
  for (const [index, id] of (context.supplementalGroups ?? []).entries())
    errors.push(...validateId(id, `${at}.supplementalGroups[${index}]`));
  if (spec.shareProcessNamespace && spec.hostPID) {
    errors.push(
      invalidError(`${at}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled'),
    );
  }
  errors.push(...validateSysctls(context, `${at}.sysctls`, spec));
  const { fsGroupChangePolicy: change, supplementalGroupsPolicy: policy } = context;
  if (change !== undefined && change !== 'Always' && change !== 'OnRootMismatch') {
    errors.push(notSupportedError(`${at}.fsGroupChangePolicy`, change, ['Always', 'OnRootMismatch']));
  }
  errors.push(...validateProfile(context.seccompProfile, `${at}.seccompProfile`, 'seccomp'));
  errors.push(...validateProfile(context.appArmorProfile, `${at}.appArmorProfile`, 'AppArmor'));
  if (policy !== undefined && policy !== 'Merge' && policy !== 'Strict')
    errors.push(notSupportedError(`${at}.supplementalGroupsPolicy`, policy, ['Merge', 'Strict']));
  return errors;
}

function validateSysctls({ sysctls = [] }: PodSecurityContext, path: string, spec: PodSpec): FieldError[] {
  const names = new Set<string>();
  return sysctls.flatMap(({ name }, index) => {
    const at = `${path}[${index}].name`;
    const errors: FieldError[] = [];
    if (!name) errors.push(requiredError(at));
    else if (name.length > 253 || !SYSCTL.test(name)) {
      errors.push(
        invalidError(
          at,
          name,
          'must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$',
        ),
      );
    } else if (names.has(name)) errors.push(duplicateError(at, name));
    if (spec.hostNetwork && name.startsWith('net.'))
      errors.push(invalidError(at, name, "may not be specified when 'hostNetwork' is true"));
    if (
      spec.hostIPC &&
      (name.startsWith('kernel.shm') ||
        name.startsWith('kernel.msg') ||
        name === 'kernel.sem' ||
        name.startsWith('fs.mqueue.'))
    ) {
      errors.push(invalidError(at, name, "may not be specified when 'hostIPC' is true"));
    }
    names.add(name);
    return errors;
  });
}
