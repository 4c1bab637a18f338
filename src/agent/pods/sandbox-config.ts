import { join } from 'node:path';
import type { Pod } from '../../kinds/index.ts';
import type { PortMapping, SandboxConfig } from '../runtime/contract.ts';
import type { NodeFacts } from './context.ts';
import { type DnsConfig, podDns, podHostname } from './dns.ts';
import { podLabels } from './labels.ts';
import { sandboxSecurity } from './security.ts';

/** The folder of a pod's log files. Upstream: kuberuntime.BuildPodLogsDirectory. */
export const podLogFolder = (logsDir: string, pod: Pod): string =>
  join(logsDir, `${pod.metadata.namespace}_${pod.metadata.name}_${pod.metadata.uid}`);

function portMappings(pod: Pod): PortMapping[] {
  if (pod.spec?.hostNetwork) return [];
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  return containers.flatMap((container) =>
    (container.ports ?? [])
      .filter((port) => port.hostPort)
      .map((port) => ({
        protocol: (port.protocol ?? 'TCP') as PortMapping['protocol'],
        containerPort: port.containerPort,
        hostPort: port.hostPort ?? 0,
        ...(port.hostIP ? { hostIp: port.hostIP } : {}),
      })),
  );
}

/** The sandbox of a pod; `attempt` counts the sandboxes it has had. */
export async function sandboxConfig(pod: Pod, attempt: number, node: NodeFacts): Promise<SandboxConfig> {
  const { name = '', namespace = '', uid = '' } = pod.metadata;
  const dnsConfig: DnsConfig = await podDns(pod, node);
  const { hostname, domain } = podHostname(pod, node.clusterDomain);
  const fqdn = pod.spec?.setHostnameAsFQDN && domain !== '' ? `${hostname}.${domain}` : hostname;
  const sysctls = pod.spec?.securityContext?.sysctls ?? [];
  return {
    metadata: { name, namespace, uid, attempt },
    hostname: pod.spec?.hostNetwork ? '' : fqdn,
    logDirectory: podLogFolder(node.logsDir, pod),
    dnsConfig,
    portMappings: portMappings(pod),
    labels: podLabels(pod),
    annotations: { ...pod.metadata.annotations },
    sysctls: Object.fromEntries(sysctls.map((sysctl) => [sysctl.name, sysctl.value])),
    security: sandboxSecurity(pod),
  };
}
