/** Which container of a pod a request means. Upstream: registry/core/pod/strategy.go validateContainer. */
import type { KubeObject } from '../../machinery/meta.ts';
import { badRequest } from '../../machinery/status.ts';

export interface PodShape extends KubeObject {
  spec?: {
    nodeName?: string;
    containers?: { name: string }[];
    initContainers?: { name: string }[];
    ephemeralContainers?: { name: string }[];
  };
  status?: { phase?: string; podIP?: string };
}

/** The container named, or the only one. Throws 400 that lists the choice. */
export function chooseContainer(pod: PodShape, asked: string): string {
  const name = pod.metadata.name ?? '';
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  if (asked !== '') {
    const known = [...containers, ...initContainers, ...ephemeralContainers].some(
      (container) => container.name === asked,
    );
    if (!known) throw badRequest(`container ${asked} is not valid for pod ${name}`);
    return asked;
  }
  if (containers.length === 1) return containers[0]!.name;
  let message = `a container name must be specified for pod ${name}`;
  if (containers.length > 0) message += `, choose one of: [${names(containers)}]`;
  if (containers.length > 0 && initContainers.length > 0)
    message += ` or one of the init containers: [${names(initContainers)}]`;
  throw badRequest(message);
}

const names = (containers: readonly { name: string }[]): string => containers.map(({ name }) => name).join(' ');
