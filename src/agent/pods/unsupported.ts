/** What a pod may ask for and this node does not do: such a pod fails at once and says why. */
import type { Container, Pod } from '../../kinds/index.ts';
import { pluginFor } from '../volumes/index.ts';

export interface Refusal {
  reason: string;
  message: string;
}

/** Sysctls that stay inside a pod. Upstream: pkg/kubelet/sysctl/safe_sysctls.go. */
const SAFE_SYSCTLS = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
]);

function* podFeatures(pod: Pod): Generator<string> {
  const spec = pod.spec ?? {};
  for (const volume of spec.volumes ?? []) {
    const { name, ...source } = volume;
    if (pluginFor(volume) === undefined) yield `volume "${name}" of type ${Object.keys(source)[0] ?? 'unknown'}`;
    for (const projection of volume.projected?.sources ?? []) {
      if (projection.clusterTrustBundle) yield `clusterTrustBundle in volume "${name}"`;
      if (projection.podCertificate) yield `podCertificate in volume "${name}"`;
    }
  }
  if (spec.hostUsers === false) yield 'user namespaces (spec.hostUsers: false)';
  if (spec.runtimeClassName) yield `runtimeClassName "${spec.runtimeClassName}"`;
  if (spec.os?.name !== undefined && spec.os.name !== 'linux') yield `the operating system ${spec.os.name}`;
  if (spec.resourceClaims?.length) yield 'resourceClaims';
  if (spec.resources !== undefined) yield 'pod-level resources (spec.resources)';
  if (spec.securityContext?.supplementalGroupsPolicy === 'Strict') yield 'supplementalGroupsPolicy Strict';
  if (spec.securityContext?.seccompProfile?.type === 'Localhost') yield 'seccomp profiles of type Localhost';
  if (spec.securityContext?.appArmorProfile?.type === 'Localhost') yield 'AppArmor profiles of type Localhost';
}

function* containerFeatures(container: Container, isInit: boolean): Generator<string> {
  const where = `container "${container.name}"`;
  const security = container.securityContext;
  if (security?.seccompProfile?.type === 'Localhost') yield `seccomp profiles of type Localhost in ${where}`;
  if (security?.appArmorProfile?.type === 'Localhost') yield `AppArmor profiles of type Localhost in ${where}`;
  if (security?.procMount !== undefined && security.procMount !== 'Default') yield `procMount in ${where}`;
  if (container.volumeDevices?.length) yield `volumeDevices in ${where}`;
  if (container.lifecycle?.stopSignal) yield `lifecycle.stopSignal in ${where}`;
  if (container.restartPolicyRules?.length) yield `restartPolicyRules in ${where}`;
  if (container.restartPolicy && !(isInit && container.restartPolicy === 'Always')) yield `restartPolicy of ${where}`;
  for (const mount of container.volumeMounts ?? []) {
    if (mount.recursiveReadOnly === 'Enabled') yield `recursiveReadOnly in ${where}`;
  }
  for (const variable of container.env ?? []) {
    if (variable.valueFrom?.fileKeyRef) yield `fileKeyRef in ${where}`;
  }
}

/** What a debug container asks for and does not get; its pod runs on. */
export const ephemeralRefusal = (container: Container): string | undefined => {
  const features = [...containerFeatures(container, false)];
  return features.length === 0 ? undefined : `this node does not support ${features.join(', ')}`;
};

/** Undefined when the node can run the pod. */
export function refusalOf(pod: Pod): Refusal | undefined {
  const features = [
    ...podFeatures(pod),
    ...(pod.spec?.initContainers ?? []).flatMap((container) => [...containerFeatures(container, true)]),
    ...(pod.spec?.containers ?? []).flatMap((container) => [...containerFeatures(container, false)]),
  ];
  if (features.length > 0) {
    return { reason: 'NotSupported', message: `Pod was rejected: this node does not support ${features.join(', ')}` };
  }
  const forbidden = (pod.spec?.securityContext?.sysctls ?? []).find(
    ({ name }) => !SAFE_SYSCTLS.has(name) || (pod.spec?.hostNetwork && name.startsWith('net.')),
  );
  if (forbidden !== undefined) {
    return {
      reason: 'SysctlForbidden',
      message: `Pod was rejected: forbidden sysctl: "${forbidden.name}" not allowlisted`,
    };
  }
  return undefined;
}
