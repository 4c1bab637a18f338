import { type Pod, type Service, type ServicePort, services } from '../../kinds/index.ts';
import { type Change, formatKey } from './change.ts';
import type { KeyContext } from './define-controller.ts';
import { matchesPairs } from './label-selector.ts';
import { isFinishedPod, isReadyPod } from './pods.ts';

/** `keys` of a watch on pods: the services that select the pod, or selected it before the change. */
export async function servicesOfPod(change: Change, context: KeyContext): Promise<string[]> {
  const { namespace } = change.key;
  const all = await context.list<Service>(services, namespace);
  const states = [change.projection.labels, ...(change.old ? [change.old.labels] : [])];
  return all
    .filter(({ spec }) => hasSelector(spec?.selector) && states.some((labels) => matchesPairs(spec!.selector!, labels)))
    .map(({ metadata }) => formatKey(namespace, metadata.name ?? ''));
}

export function hasSelector(selector: Record<string, string> | undefined): selector is Record<string, string> {
  return selector !== undefined && Object.keys(selector).length > 0;
}

/** Whether a pod is an endpoint at all: it has an address and has not ended. Upstream: ShouldPodBeInEndpoints. */
export function isEndpoint(pod: Pod, includeTerminating: boolean): boolean {
  if (isFinishedPod(pod)) return false;
  if (!pod.status?.podIP && !pod.status?.podIPs?.length) return false;
  return includeTerminating || pod.metadata.deletionTimestamp === undefined;
}

export interface EndpointConditions {
  ready: boolean;
  serving: boolean;
  terminating: boolean;
}

/** Upstream: podToEndpoint. */
export function endpointConditions(pod: Pod, service: Service): EndpointConditions {
  const serving = isReadyPod(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating);
  return { ready, serving, terminating };
}

/** The port of a pod that a service port leads to; undefined when the pod has none of that name. */
export function findPodPort(pod: Pod, port: ServicePort): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return target === 0 ? port.port : target;
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    const found = container.ports?.find(
      ({ name, protocol }) => name === target && (protocol ?? 'TCP') === (port.protocol ?? 'TCP'),
    );
    if (found) return found.containerPort;
  }
  return undefined;
}

export function isHeadless(service: Service): boolean {
  return service.spec?.clusterIP === 'None';
}

/** The host name under which DNS knows a pod of a headless service. */
export function hostnameOf(pod: Pod, service: Service): string | undefined {
  const { hostname, subdomain } = pod.spec ?? {};
  const { name, namespace } = service.metadata;
  return hostname && subdomain === name && pod.metadata.namespace === namespace ? hostname : undefined;
}
