/** What goes with the operating system of a pod. Upstream: core/validation validateWindows, validateLinux and so on. */
import type { FieldError } from '../../../../machinery/status.ts';
import {
  dns1123Subdomain,
  forbiddenError,
  invalidError,
  invalidErrors,
  notSupportedError,
  requiredError,
} from '../../../../machinery/validation/index.ts';
import type { PodSpec, WindowsSecurityContextOptions } from '../../../generated/types/core-v1.ts';
import { visitContainers } from './visit.ts';

const SYSTEMS = ['linux', 'windows'];
const MAX_SPEC = 64 * 1024;
const MAX_DOMAIN = 256;
const MAX_USER = 104;
const NETBIOS = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const DNS_DOMAIN =
  /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;

export function validateWindowsOptions(options: WindowsSecurityContextOptions | undefined, path: string): FieldError[] {
  if (!options) return [];
  const errors: FieldError[] = [];
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: text, runAsUserName: user } = options;
  if (name !== undefined) errors.push(...invalidErrors(`${path}.gmsaCredentialSpecName`, name, dns1123Subdomain(name)));
  if (text === '')
    errors.push(invalidError(`${path}.gmsaCredentialSpec`, text, 'gmsaCredentialSpec cannot be an empty string'));
  else if ((text?.length ?? 0) > MAX_SPEC)
    errors.push(invalidError(`${path}.gmsaCredentialSpec`, text, 'gmsaCredentialSpec size must be under 64 KiB'));
  if (user !== undefined) errors.push(...invalidErrors(`${path}.runAsUserName`, user, userNameTexts(user)));
  return errors;
}

/** `user`, or `domain\user`. */
function userNameTexts(name: string): string[] {
  if (name === '') return ['runAsUserName cannot be an empty string'];
  if (/\p{Cc}/u.test(name)) return ['runAsUserName cannot contain control characters'];
  const parts = name.split('\\');
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const user = parts.at(-1) ?? '';
  const domain = parts.length === 2 ? (parts[0] ?? '') : undefined;
  const texts: string[] = [];
  if ((domain?.length ?? 0) >= MAX_DOMAIN)
    texts.push(`runAsUserName's Domain length must be under ${MAX_DOMAIN} characters`);
  if (domain !== undefined && !NETBIOS.test(domain) && !DNS_DOMAIN.test(domain))
    texts.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  if (user === '') texts.push("runAsUserName's User cannot be empty");
  else if (user.length > MAX_USER)
    texts.push(`runAsUserName's User length must not be longer than ${MAX_USER} characters`);
  if (/^[. ]+$/.test(user)) texts.push("runAsUserName's User cannot contain only periods or spaces");
  if (/["/\\:;|=,+*?<>@[\]]/.test(user))
    texts.push(`runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`);
  return texts;
}

/** Containers that are processes of the host come all or none, and on its network. */
export function validateHostProcess(spec: PodSpec, path: string): FieldError[] {
  const whole = spec.securityContext?.windowsOptions?.hostProcess;
  const errors: FieldError[] = [];
  let containers = 0;
  let hosted = 0;
  visitContainers(spec, path, (container, at) => {
    containers++;
    const own = container.securityContext?.windowsOptions?.hostProcess;
    if (whole !== undefined && own !== undefined && own !== whole) {
      errors.push(
        invalidError(
          `${at}.securityContext.windowsOptions.hostProcess`,
          own,
          `pod hostProcess value must be identical if both are specified, was ${whole}`,
        ),
      );
    }
    if (own ?? whole) hosted++;
  });
  if (hosted === 0) return errors;
  if (hosted !== containers) {
    const why = 'If pod contains any hostProcess containers then all containers must be HostProcess containers';
    errors.push(invalidError(path, '', why));
  }
  if (!spec.hostNetwork) {
    const why = 'hostNetwork must be true if pod contains any hostProcess containers';
    errors.push(invalidError(`${path}.hostNetwork`, false, why));
  }
  return errors;
}

export function validateOS(spec: PodSpec, path: string): FieldError[] {
  const name = spec.os?.name;
  if (!spec.os) return [];
  if (!name) return [requiredError(`${path}.os.name`)];
  if (!SYSTEMS.includes(name)) return [notSupportedError(`${path}.os`, name, SYSTEMS)];
  return name === 'linux' ? validateLinux(spec, path) : validateWindows(spec, path);
}

function validateLinux(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const check = (options: unknown, at: string): void => {
    if (options)
      errors.push(
        forbiddenError(`${at}.securityContext.windowsOptions`, 'windows options cannot be set for a linux pod'),
      );
  };
  check(spec.securityContext?.windowsOptions, path);
  visitContainers(spec, path, (container, at) => check(container.securityContext?.windowsOptions, at));
  return errors;
}

/** Fields that mean nothing on Windows, in upstream's order: of the pod (`.` those of its security context), of containers. */
const POD_FIELDS = [
  '.appArmorProfile',
  '.seLinuxOptions',
  'hostUsers',
  'hostPID',
  'hostIPC',
  '.seccompProfile',
  '.fsGroup',
  '.fsGroupChangePolicy',
  '.sysctls',
  'shareProcessNamespace',
  '.runAsUser',
  '.runAsGroup',
  '.supplementalGroups',
  '.supplementalGroupsPolicy',
  '.seLinuxChangePolicy',
];
const CONTAINER_FIELDS = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
];
/** Of these, only the truth is refused. */
const PLAIN = new Set(['hostPID', 'hostIPC']);

function validateWindows(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const refuse = (at: string): void => void errors.push(forbiddenError(at, 'cannot be set for a windows pod'));
  const context = (spec.securityContext ?? {}) as Readonly<Record<string, unknown>>;
  for (const field of POD_FIELDS) {
    const own = field.startsWith('.') ? context[field.slice(1)] : (spec as Record<string, unknown>)[field];
    const isSet = Array.isArray(own) ? own.length > 0 : PLAIN.has(field) ? own === true : own !== undefined;
    if (isSet) refuse(field.startsWith('.') ? `${path}.securityContext${field}` : `${path}.${field}`);
  }
  visitContainers(spec, path, ({ securityContext = {} }, at) => {
    for (const field of CONTAINER_FIELDS)
      if ((securityContext as Readonly<Record<string, unknown>>)[field] !== undefined)
        refuse(`${at}.securityContext.${field}`);
  });
  return errors;
}
