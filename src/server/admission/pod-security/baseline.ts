/** Checks of the baseline level. Upstream: pod-security-admission/policy. */

import type { Container, SELinuxOptions } from '../../../kinds/index.ts';
import { memberOf } from '../../../machinery/own-member.ts';
import {
  type Check,
  type CheckInput,
  containerCheck,
  isInUserNamespace,
  named,
  plural,
  quoteAll,
  setters,
  sortedSet,
} from './check.ts';

const CAPABILITIES = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);
const APPARMOR_ANNOTATION = 'container.apparmor.security.beta.kubernetes.io/';
const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
/** Older policies judge the annotations, as pods had no field. */
const SECCOMP_FIELD_SINCE = 19;
const SELINUX_TYPES: Readonly<Record<string, number>> = {
  '': 0,
  container_t: 0,
  container_init_t: 0,
  container_kvm_t: 0,
  container_engine_t: 31,
};
/** Safe sysctls with the first version of the policy that allows them. */
const SYSCTLS: Readonly<Record<string, number>> = {
  'kernel.shm_rmid_forced': 0,
  'net.ipv4.ip_local_port_range': 0,
  'net.ipv4.tcp_syncookies': 0,
  'net.ipv4.ping_group_range': 0,
  'net.ipv4.ip_unprivileged_port_start': 0,
  'net.ipv4.ip_local_reserved_ports': 27,
  'net.ipv4.tcp_keepalive_time': 29,
  'net.ipv4.tcp_fin_timeout': 29,
  'net.ipv4.tcp_keepalive_intvl': 29,
  'net.ipv4.tcp_keepalive_probes': 29,
  'net.ipv4.tcp_rmem': 32,
  'net.ipv4.tcp_wmem': 32,
};

export const baselineChecks: readonly Check[] = [
  { id: 'appArmorProfile', level: 'baseline', since: 0, run: appArmor },
  { id: 'capabilities_baseline', level: 'baseline', since: 0, run: capabilities },
  { id: 'hostNamespaces', level: 'baseline', since: 0, run: hostNamespaces },
  { id: 'hostPathVolumes', level: 'baseline', since: 0, run: hostPaths },
  { id: 'hostPorts', level: 'baseline', since: 0, run: hostPorts },
  { id: 'hostProbesAndHostLifecycle', level: 'baseline', since: 34, run: probeHosts },
  {
    id: 'privileged',
    level: 'baseline',
    since: 0,
    run: containerCheck(
      'privileged',
      ({ securityContext }) => securityContext?.privileged === true,
      'must not set securityContext.privileged=true',
    ),
  },
  { id: 'procMount', level: 'baseline', since: 0, run: procMount },
  { id: 'seLinuxOptions', level: 'baseline', since: 0, run: seLinux },
  {
    id: 'seccompProfile_baseline',
    level: 'baseline',
    since: 0,
    run: (input) => (input.minor < SECCOMP_FIELD_SINCE ? seccompAnnotations(input) : seccomp(input)),
  },
  { id: 'sysctls', level: 'baseline', since: 0, run: sysctls },
  { id: 'windowsHostProcess', level: 'baseline', since: 0, run: hostProcess },
];

function appArmor({ metadata, spec, containers }: CheckInput) {
  const isBad = (type: string | undefined): boolean =>
    type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost';
  const values: string[] = [];
  const pod = spec.securityContext?.appArmorProfile?.type;
  if (isBad(pod)) values.push(JSON.stringify(pod));
  const bad = containers.filter(({ securityContext }) => isBad(securityContext?.appArmorProfile?.type));
  for (const { securityContext } of bad) values.push(JSON.stringify(securityContext?.appArmorProfile?.type));
  const annotations = Object.entries(metadata.annotations ?? {}).filter(
    ([key, value]) =>
      key.startsWith(APPARMOR_ANNOTATION) &&
      value !== '' &&
      value !== 'runtime/default' &&
      !value.startsWith('localhost/'),
  );
  for (const [key, value] of annotations) values.push(`"${key}=${JSON.stringify(value)}"`);
  if (values.length === 0) return undefined;
  const unique = sortedSet(values);
  const who = [setters(isBad(pod), bad), ...(annotations.length > 0 ? [plural('annotation', annotations.length)] : [])];
  return {
    reason: plural('forbidden AppArmor profile', unique.length),
    detail: `${who.filter(Boolean).join(' and ')} must not set AppArmor profile type to ${unique.join(', ')}`,
  };
}

function capabilities({ containers }: CheckInput) {
  const forbidden = (container: Container): string[] =>
    (container.securityContext?.capabilities?.add ?? []).filter((one) => !CAPABILITIES.has(one));
  const bad = containers.filter((container) => forbidden(container).length > 0);
  if (bad.length === 0) return undefined;
  const names = quoteAll(sortedSet(bad.flatMap(forbidden)));
  return {
    reason: 'non-default capabilities',
    detail: `${named(bad)} must not include ${names} in securityContext.capabilities.add`,
  };
}

function hostNamespaces({ spec }: CheckInput) {
  const used = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field] === true);
  if (used.length === 0) return undefined;
  return { reason: 'host namespaces', detail: used.map((field) => `${field}=true`).join(', ') };
}

function hostPaths({ spec }: CheckInput) {
  const names = (spec.volumes ?? []).filter((volume) => volume.hostPath).map((volume) => volume.name);
  if (names.length === 0) return undefined;
  return { reason: 'hostPath volumes', detail: `${plural('volume', names.length)} ${quoteAll(names)}` };
}

function hostPorts({ containers }: CheckInput) {
  const ports = ({ ports: all }: Container): number[] =>
    (all ?? []).flatMap(({ hostPort }) => (hostPort ? [hostPort] : []));
  const bad = containers.filter((container) => ports(container).length > 0);
  if (bad.length === 0) return undefined;
  const used = [...new Set(bad.flatMap(ports))].map(String).sort();
  return {
    reason: 'hostPort',
    detail: `${named(bad)} ${bad.length === 1 ? 'uses' : 'use'} ${plural('hostPort', used.length)} ${used.join(', ')}`,
  };
}

function probeHosts({ containers }: CheckInput) {
  const hosts = ({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container): string[] =>
    [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop].flatMap((handler) =>
      [handler?.httpGet?.host, handler?.tcpSocket?.host].filter((host): host is string => Boolean(host)),
    );
  const bad = containers.filter((container) => hosts(container).length > 0);
  if (bad.length === 0) return undefined;
  const used = sortedSet(bad.flatMap(hosts));
  const verb = bad.length === 1 ? 'uses' : 'use';
  return {
    reason: 'probe or lifecycle host',
    detail: `${named(bad)} ${verb} probe or lifecycle ${plural('host', used.length)} ${quoteAll(used)}`,
  };
}

function procMount(input: CheckInput) {
  return isInUserNamespace(input) ? undefined : unmaskedProc(input);
}

/** The check without what user namespaces relax. */
export function unmaskedProc(input: CheckInput) {
  const value = ({ securityContext }: Container): string => securityContext?.procMount || 'Default';
  const bad = input.containers.filter((container) => value(container) !== 'Default');
  if (bad.length === 0) return undefined;
  const detail = `${named(bad)} must not set securityContext.procMount to ${quoteAll(sortedSet(bad.map(value)))}`;
  return { reason: 'procMount', detail };
}

function seLinux({ spec, containers, minor }: CheckInput) {
  const types: string[] = [];
  let user = false;
  let role = false;
  const isBad = (options: SELinuxOptions | undefined): boolean => {
    if (!options) return false;
    const since = memberOf(SELINUX_TYPES, options.type ?? '');
    const badType = since === undefined || since > minor;
    if (badType) types.push(options.type ?? '');
    if (options.user) user = true;
    if (options.role) role = true;
    return badType || Boolean(options.user) || Boolean(options.role);
  };
  const pod = isBad(spec.securityContext?.seLinuxOptions);
  const bad = containers.filter(({ securityContext }) => isBad(securityContext?.seLinuxOptions));
  if (!pod && bad.length === 0) return undefined;
  const parts = [
    ...(types.length > 0 ? [`${plural('type', new Set(types).size)} ${quoteAll(sortedSet(types))}`] : []),
    ...(user ? ['user may not be set'] : []),
    ...(role ? ['role may not be set'] : []),
  ];
  return {
    reason: 'seLinuxOptions',
    detail: `${setters(pod, bad)} set forbidden securityContext.seLinuxOptions: ${parts.join('; ')}`,
  };
}

function seccompAnnotations({ metadata, containers }: CheckInput) {
  const keys = [SECCOMP_POD, ...containers.map(({ name }) => SECCOMP_CONTAINER + name)];
  const bad = keys.flatMap((key) => {
    const value = metadata.annotations?.[key];
    const isGood = value === undefined || /^(runtime\/default$|docker\/default$|localhost\/)/.test(value);
    return isGood ? [] : [`${key}=${JSON.stringify(value)}`];
  });
  if (bad.length === 0) return undefined;
  const unique = sortedSet(bad);
  return { reason: 'seccompProfile', detail: `forbidden ${plural('annotation', unique.length)} ${unique.join(', ')}` };
}

function seccomp({ spec, containers }: CheckInput) {
  const isBad = (type: string | undefined): boolean =>
    type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost';
  const pod = spec.securityContext?.seccompProfile?.type;
  const bad = containers.filter(({ securityContext }) => isBad(securityContext?.seccompProfile?.type));
  if (!isBad(pod) && bad.length === 0) return undefined;
  const types = [...(isBad(pod) ? [pod] : []), ...bad.map((one) => one.securityContext?.seccompProfile?.type)];
  const values = quoteAll(sortedSet(types.map(String)));
  return {
    reason: 'seccompProfile',
    detail: `${setters(isBad(pod), bad)} must not set securityContext.seccompProfile.type to ${values}`,
  };
}

function sysctls({ spec, minor }: CheckInput) {
  const bad = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !isSafe(name, minor));
  return bad.length > 0 ? { reason: 'forbidden sysctls', detail: bad.join(', ') } : undefined;
}

function isSafe(sysctl: string, minor: number): boolean {
  const since = memberOf(SYSCTLS, sysctl);
  return since !== undefined && since <= minor;
}

function hostProcess({ spec, containers }: CheckInput) {
  const pod = spec.securityContext?.windowsOptions?.hostProcess === true;
  const bad = containers.filter(({ securityContext }) => securityContext?.windowsOptions?.hostProcess === true);
  if (!pod && bad.length === 0) return undefined;
  const detail = `${setters(pod, bad)} must not set securityContext.windowsOptions.hostProcess=true`;
  return { reason: 'hostProcess', detail };
}
