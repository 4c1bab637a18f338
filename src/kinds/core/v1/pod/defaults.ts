import type { Pod, PodSpec, ResourceRequirements } from '../../../generated/types/core-v1.ts';
import { dropOldAnnotations, setPodSpecDefaults } from '../pod-spec/defaults.ts';
import { containerRequests } from '../pod-spec/requests.ts';
import { overcommits } from '../resource-names.ts';

/** Upstream: apis/core/v1 SetDefaults_Pod. */
export function setPodDefaults(pod: Pod): void {
  const { spec } = pod;
  dropOldAnnotations(pod.metadata);
  setPodSpecDefaults(spec);
  // Older clients wrote negative periods for "at once".
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) spec.terminationGracePeriodSeconds = 1;
  spec.enableServiceLinks ??= true;
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    if (container.resources) setRequestsFromLimits(container.resources);
    if (spec.hostNetwork) for (const port of container.ports ?? []) port.hostPort ??= port.containerPort;
  }
  if (spec.resources) setPodLevelRequests(spec, spec.resources);
  if (pod.status) syncAddresses(pod.status);
}

/** The address is the first of the addresses, and the one that counts. Upstream: Convert_v1_PodStatus_To_core_PodStatus. */
function syncAddresses(status: NonNullable<Pod['status']>): void {
  const { podIP, podIPs } = status;
  if (podIP && podIPs?.[0]?.ip !== podIP) status.podIPs = [{ ip: podIP }];
  else if (!podIP && podIPs?.[0]?.ip) status.podIP = podIPs[0].ip;
}

function setRequestsFromLimits(resources: ResourceRequirements): void {
  for (const [name, limit] of Object.entries(resources.limits ?? {})) {
    resources.requests ??= {};
    resources.requests[name] ??= limit;
  }
}

const isPodLevel = (name: string): boolean => name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');

/** What is read anew gets defaults anew: admission may have given containers requests that count for the whole. */
export function completePodLevel({ spec }: Pod): void {
  if (spec.resources) setPodLevelRequests(spec, spec.resources);
}

/** Requests of a pod that has limits as a whole: the sum over its containers, else the limit. Upstream: defaultPodRequests. */
function setPodLevelRequests(spec: PodSpec, resources: ResourceRequirements): void {
  if (Object.keys(resources.limits ?? {}).length === 0) return;
  const requests = resources.requests ?? {};
  for (const [name, quantity] of containerRequests(spec)) {
    if (isPodLevel(name) && overcommits(name)) requests[name] ??= quantity.toString();
  }
  for (const [name, limit] of Object.entries(resources.limits ?? {})) if (isPodLevel(name)) requests[name] ??= limit;
  if (Object.keys(requests).length > 0) resources.requests = requests;
}
