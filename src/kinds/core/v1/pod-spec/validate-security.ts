/** Security contexts. Upstream: core/validation ValidateSecurityContext, validatePodSpecSecurityContext. */
import type { FieldError } from '../../../../machinery/status.ts';
import {
  duplicateError,
  invalidError,
  invalidErrors,
  notSupportedError,
  requiredError,
  tooLongError,
  userId,
} from '../../../../machinery/validation/index.ts';
import type {
  AppArmorProfile,
  PodSecurityContext,
  PodSpec,
  SeccompProfile,
  SecurityContext,
} from '../../../generated/types/core-v1.ts';
import { internalForm } from '../../../internal-form.ts';
import { localPath } from './paths.ts';
import { validateWindowsOptions } from './validate-windows.ts';

const PROFILES = ['Localhost', 'RuntimeDefault', 'Unconfined'];
const SYSCTL = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;
const SYSCTL_TEXT =
  'must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$';
const MAX_SYSCTL = 253;
const MAX_PROFILE = 4095;
const CHANGE_POLICIES = ['Always', 'OnRootMismatch'];
const GROUP_POLICIES = ['Merge', 'Strict'];
/** Mounting with a label is behind a gate that is off. */
const LABEL_POLICIES = ['Recursive'];
const PROC_MOUNTS = ['Default', 'Unmasked'];

const validateId = (id: number | undefined, path: string): FieldError[] =>
  id === undefined ? [] : invalidErrors(path, id, userId(id));

const oneOf = (value: string | undefined, allowed: readonly string[], path: string): FieldError[] =>
  value === undefined || allowed.includes(value) ? [] : [notSupportedError(path, value, allowed)];

function validateSeccomp(profile: SeccompProfile | undefined, path: string): FieldError[] {
  if (!profile) return [];
  const { type, localhostProfile } = profile;
  const errors: FieldError[] = [];
  if (!type) errors.push(requiredError(`${path}.type`, 'type is required when seccompProfile is set'));
  else errors.push(...oneOf(type, PROFILES, `${path}.type`));
  const at = `${path}.localhostProfile`;
  if (type !== 'Localhost') {
    const shown = (): unknown => internalForm('core/v1.SeccompProfile', profile);
    if (localhostProfile !== undefined)
      errors.push(invalidError(at, shown(), 'can only be set when seccomp type is Localhost'));
  } else if (localhostProfile === undefined)
    errors.push(requiredError(at, 'must be set when seccomp type is Localhost'));
  else errors.push(...localPath(localhostProfile, at));
  return errors;
}

export function validateAppArmor(profile: AppArmorProfile | undefined, path: string): FieldError[] {
  if (!profile) return [];
  const { type, localhostProfile: name } = profile;
  const at = `${path}.localhostProfile`;
  if (!type) return [requiredError(`${path}.type`, 'type is required when appArmorProfile is set')];
  if (!PROFILES.includes(type)) return [notSupportedError(`${path}.type`, type, PROFILES)];
  if (type !== 'Localhost')
    return name === undefined ? [] : [invalidError(at, name, 'can only be set when AppArmor type is Localhost')];
  if (name === undefined) return [requiredError(at, 'must be set when AppArmor type is Localhost')];
  const errors: FieldError[] = [];
  if (name !== name.trim()) errors.push(invalidError(at, name, 'must not be padded with whitespace'));
  else if (name === '') errors.push(requiredError(at, 'must be set when AppArmor type is Localhost'));
  if (name.length > MAX_PROFILE) errors.push(tooLongError(at, MAX_PROFILE));
  return errors;
}

export function validateContainerSecurity(context: SecurityContext, path: string, spec: PodSpec): FieldError[] {
  const errors = [
    ...validateId(context.runAsUser, `${path}.runAsUser`),
    ...validateId(context.runAsGroup, `${path}.runAsGroup`),
    ...oneOf(context.procMount, PROC_MOUNTS, `${path}.procMount`),
  ];
  if (context.procMount === 'Unmasked' && spec.hostUsers !== false)
    errors.push(invalidError(`${path}.procMount`, context.procMount, '`hostUsers` must be false to use `Unmasked`'));
  errors.push(...validateSeccomp(context.seccompProfile, `${path}.seccompProfile`));
  if (context.allowPrivilegeEscalation === false) {
    const refuse = (what: string): void => {
      const shown = internalForm('core/v1.SecurityContext', context);
      errors.push(invalidError(path, shown, `cannot set \`allowPrivilegeEscalation\` to false and ${what}`));
    };
    if (context.privileged === true) refuse('`privileged` to true');
    for (const capability of context.capabilities?.add ?? [])
      if (capability === 'CAP_SYS_ADMIN') refuse('`capabilities.Add` CAP_SYS_ADMIN');
  }
  errors.push(...validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`));
  return [...errors, ...validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`)];
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
  if (context.sysctls) errors.push(...validateSysctls(context, `${at}.sysctls`, spec));
  errors.push(
    ...oneOf(context.fsGroupChangePolicy, CHANGE_POLICIES, `${at}.fsGroupChangePolicy`),
    ...validateSeccomp(context.seccompProfile, `${at}.seccompProfile`),
    ...validateWindowsOptions(context.windowsOptions, `${at}.windowsOptions`),
    ...validateAppArmor(context.appArmorProfile, `${at}.appArmorProfile`),
    ...oneOf(context.supplementalGroupsPolicy, GROUP_POLICIES, `${at}.supplementalGroupsPolicy`),
    ...oneOf(context.seLinuxChangePolicy, LABEL_POLICIES, `${at}.seLinuxChangePolicy`),
  );
  return errors;
}

/** The kernel's parameters of System V and POSIX messages belong to the IPC namespace. */
const isIPC = (name: string): boolean => /^(kernel\.shm|kernel\.msg|fs\.mqueue\.)|^kernel\.sem$/.test(name);

function validateSysctls({ sysctls = [] }: PodSecurityContext, path: string, spec: PodSpec): FieldError[] {
  const names = new Set<string>();
  return sysctls.flatMap(({ name }, index) => {
    const at = `${path}[${index}].name`;
    const errors: FieldError[] = [];
    if (!name) errors.push(requiredError(at));
    else if (name.length > MAX_SYSCTL || !SYSCTL.test(name)) errors.push(invalidError(at, name, SYSCTL_TEXT));
    else if (names.has(name)) errors.push(duplicateError(at, name));
    const dotted = (name ?? '').replaceAll('/', '.');
    if (spec.hostNetwork && dotted.startsWith('net.'))
      errors.push(invalidError(at, name, "may not be specified when 'hostNetwork' is true"));
    else if (spec.hostIPC && isIPC(dotted))
      errors.push(invalidError(at, name, "may not be specified when 'hostIPC' is true"));
    names.add(name);
    return errors;
  });
}
