/** What a container is in its pod: part of it, before it, or beside it for somebody who looks for a fault. */
import type { Container, EphemeralContainer, Pod } from '../../kinds/index.ts';

export type ContainerRole = 'main' | 'init' | 'ephemeral';

export interface PodContainer {
  container: Container;
  role: ContainerRole;
}

const FIELDS = { main: 'containers', init: 'initContainers', ephemeral: 'ephemeralContainers' } as const;

/** The path of a container in events. */
export const fieldOf = ({ container, role }: PodContainer): string => `spec.${FIELDS[role]}{${container.name}}`;

export function containersOf(pod: Pod): PodContainer[] {
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  return [
    ...initContainers.map((container): PodContainer => ({ container, role: 'init' })),
    ...containers.map((container): PodContainer => ({ container, role: 'main' })),
    ...ephemeralContainersOf(pod).map((container): PodContainer => ({ container, role: 'ephemeral' })),
  ];
}

/** Containers and ephemeral ones differ in `targetContainerName` only, which `targetOf` reads. */
export const ephemeralContainersOf = (pod: Pod): readonly Container[] =>
  (pod.spec?.ephemeralContainers ?? []) as readonly Container[];

/** The name of the container whose processes an ephemeral container sees. */
export const targetOf = (container: Container): string | undefined =>
  (container as EphemeralContainer).targetContainerName || undefined;

export const containerNamed = (pod: Pod, name: string): PodContainer | undefined =>
  containersOf(pod).find(({ container }) => container.name === name);

/** What the API last said of the containers of a role. */
export function statusesOf(status: Pod['status'], role: ContainerRole) {
  if (role === 'init') return status?.initContainerStatuses ?? [];
  if (role === 'ephemeral') return status?.ephemeralContainerStatuses ?? [];
  return status?.containerStatuses ?? [];
}
