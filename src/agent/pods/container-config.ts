/** From a container of a pod to what the runtime creates. Upstream: kubelet_pods.go GenerateRunContainerOptions. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Container, Pod, VolumeMount } from '../../kinds/index.ts';
import { messageOf } from '../log.ts';
import type { ContainerConfig, Image, Mount } from '../runtime/contract.ts';
import type { MountedVolume } from '../volumes/index.ts';
import { bindSubPath } from '../volumes/sub-path.ts';
import { ConfigError } from './config-error.ts';
import type { PodContext } from './context.ts';
import { hostsFile } from './dns.ts';
import { containerEnvironment } from './environment.ts';
import { expand } from './expand.ts';
import * as labels from './labels.ts';
import { podFolder } from './pod-volumes.ts';
import { linuxResources } from './resources.ts';
import { containerSecurity } from './security.ts';

export interface ContainerRequest {
  pod: Pod;
  container: Container;
  image: Image;
  /** The run whose processes a debug container sees. */
  target?: string | null | undefined;
  restartCount: number;
  podIPs: readonly string[];
  volumes: ReadonlyMap<string, MountedVolume>;
  context: PodContext;
}

const PROPAGATION: Record<string, Mount['propagation']> = {
  None: 'PROPAGATION_PRIVATE',
  HostToContainer: 'PROPAGATION_HOST_TO_CONTAINER',
  Bidirectional: 'PROPAGATION_BIDIRECTIONAL',
};

async function volumeMount(
  request: ContainerRequest,
  mount: VolumeMount & { index: number },
  environment: ReadonlyMap<string, string>,
): Promise<Mount> {
  const { pod, container, volumes, context } = request;
  const volume = volumes.get(mount.name);
  if (volume === undefined)
    throw new ConfigError(`cannot find volume "${mount.name}" to mount into container "${container.name}"`);
  let hostPath = volume.path;
  const subPath = mount.subPathExpr ? expandStrictly(mount.subPathExpr, environment) : mount.subPath;
  if (subPath) {
    const uid = pod.metadata.uid ?? '';
    const target = join(podFolder(context, uid), 'volume-subpaths', mount.name, container.name, String(mount.index));
    try {
      hostPath = await bindSubPath(volume.path, subPath, target);
    } catch (error) {
      throw new ConfigError(
        `failed to prepare subPath for volumeMount "${mount.name}" of container "${container.name}": ${messageOf(error)}`,
      );
    }
  }
  const containerPath = mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`;
  const propagation = PROPAGATION[mount.mountPropagation ?? 'None'] ?? 'PROPAGATION_PRIVATE';
  return { containerPath, hostPath, readonly: volume.readOnly === true || mount.readOnly === true, propagation };
}

function expandStrictly(text: string, environment: ReadonlyMap<string, string>): string {
  return expand(text, (name) => {
    const value = environment.get(name);
    if (value === undefined) throw new ConfigError(`missing value for "${name}"`);
    return value;
  });
}

async function hostsMount(request: ContainerRequest): Promise<Mount> {
  const { pod, podIPs, context } = request;
  const path = join(podFolder(context, pod.metadata.uid ?? ''), 'etc-hosts');
  const hostFile = pod.spec?.hostNetwork ? await readFile('/etc/hosts', 'utf8').catch(() => '') : '';
  await writeFile(path, hostsFile(pod, podIPs, { clusterDomain: context.node().clusterDomain, hostFile }), {
    mode: 0o644,
  });
  await chmod(path, 0o644);
  return { containerPath: '/etc/hosts', hostPath: path, readonly: false };
}

async function terminationMount(request: ContainerRequest): Promise<Mount> {
  const { pod, container, restartCount, context } = request;
  const folder = join(podFolder(context, pod.metadata.uid ?? ''), 'containers', container.name);
  await mkdir(folder, { recursive: true, mode: 0o750 });
  const hostPath = join(folder, `termination-${restartCount}`);
  await writeFile(hostPath, '');
  // Any user of the container may write it.
  await chmod(hostPath, 0o666);
  return { containerPath: container.terminationMessagePath || '/dev/termination-log', hostPath, readonly: false };
}

async function containerMounts(request: ContainerRequest, environment: ReadonlyMap<string, string>): Promise<Mount[]> {
  if (!request.context.real) return [];
  await mkdir(podFolder(request.context, request.pod.metadata.uid ?? ''), { recursive: true, mode: 0o750 });
  const mounts: Mount[] = [];
  for (const [index, mount] of (request.container.volumeMounts ?? []).entries()) {
    mounts.push(await volumeMount(request, { ...mount, index }, environment));
  }
  if (!mounts.some((mount) => mount.containerPath === '/etc/hosts')) mounts.push(await hostsMount(request));
  mounts.push(await terminationMount(request));
  return mounts;
}

/** Throws ConfigError for what cannot be configured; leaves files of the container in the pod's folder. */
export async function containerConfig(request: ContainerRequest): Promise<ContainerConfig> {
  const { pod, container, image, restartCount, podIPs, context } = request;
  const environment = context.real
    ? await containerEnvironment({ pod, container, context, podIPs })
    : new Map<string, string>();
  const security = containerSecurity(pod, container, image);
  const { namespaceOptions } = security;
  if (request.target && namespaceOptions.pid === 'CONTAINER')
    security.namespaceOptions = { ...namespaceOptions, pid: 'TARGET', targetId: request.target };
  const mounts = await containerMounts(request, environment);
  const replace = (text: string): string => expand(text, (name) => environment.get(name));
  const termination = mounts.at(-1)?.hostPath;
  const resources = linuxResources(pod, container, context.node().memoryCapacity);
  return {
    name: container.name,
    attempt: restartCount,
    image: image.id,
    command: (container.command ?? []).map(replace),
    args: (container.args ?? []).map(replace),
    workingDir: container.workingDir ?? '',
    env: [...environment].map(([key, value]) => ({ key, value })),
    mounts,
    devices: [],
    labels: labels.containerLabels(pod, container),
    annotations: {
      [labels.RESTART_COUNT]: String(restartCount),
      [labels.CONTAINER_HASH]: labels.containerHash(container),
      [labels.TERMINATION_PATH]: container.terminationMessagePath ?? '/dev/termination-log',
      [labels.TERMINATION_POLICY]: container.terminationMessagePolicy ?? 'File',
      [labels.RESOURCES]: JSON.stringify(resources),
      [labels.POD_GRACE]: String(pod.spec?.terminationGracePeriodSeconds ?? 30),
      ...(termination === undefined ? {} : { [labels.TERMINATION_FILE]: termination }),
    },
    logPath: `${container.name}/${restartCount}.log`,
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    resources,
    security,
  };
}
