/** The contract's shapes as CRI requests. */
import type { ContainerConfig, ContainerSecurity, LinuxResources, SandboxConfig } from '../contract.ts';

const optional = (value: number | undefined) => (value === undefined ? undefined : { value });

export function sandboxMessage(config: SandboxConfig): object {
  const { security } = config;
  return {
    metadata: config.metadata,
    hostname: config.hostname,
    logDirectory: config.logDirectory,
    dnsConfig: config.dnsConfig,
    portMappings: config.portMappings,
    labels: config.labels,
    annotations: config.annotations,
    linux: {
      cgroupParent: config.cgroupParent,
      sysctls: config.sysctls,
      security: {
        namespaceOptions: security.namespaceOptions,
        runAsUser: optional(security.runAsUser),
        runAsGroup: optional(security.runAsGroup),
        supplementalGroups: security.supplementalGroups,
        privileged: security.privileged,
        seccomp: security.seccomp,
      },
    },
  };
}

export const resourcesMessage = (resources: LinuxResources): object => ({ ...resources });

function securityMessage(security: ContainerSecurity): object {
  return {
    capabilities: { add: security.addCapabilities, drop: security.dropCapabilities },
    privileged: security.privileged,
    namespaceOptions: security.namespaceOptions,
    runAsUser: optional(security.runAsUser),
    runAsGroup: optional(security.runAsGroup),
    runAsUsername: security.runAsUsername,
    readonlyRootfs: security.readonlyRootfs,
    supplementalGroups: security.supplementalGroups,
    noNewPrivs: security.noNewPrivs,
    maskedPaths: security.maskedPaths,
    readonlyPaths: security.readonlyPaths,
    seccomp: security.seccomp,
  };
}

export function containerMessage(config: ContainerConfig): object {
  const { name, attempt, image, resources, security, ...rest } = config;
  return {
    ...rest,
    metadata: { name, attempt },
    image: { image },
    linux: { resources: resourcesMessage(resources), security: securityMessage(security) },
  };
}
