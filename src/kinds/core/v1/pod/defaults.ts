import { parseQuantity, type Quantity } from '../../../../machinery/quantity.ts';
import type { Container, Pod, PodSpec, ResourceRequirements } from '../../../generated/types/core-v1.ts';
import { setPodSpecDefaults } from '../pod-spec/defaults.ts';

/** Upstream: apis/core/v1 SetDefaults_Pod. */
export function setPodDefaults(pod: Pod): void {
  const { spec } = pod;
  setPodSpecDefaults(spec);
  spec.enableServiceLinks ??= true;
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    if (container.resources) setRequestsFromLimits(container.resources);
    if (spec.hostNetwork) for (const port of container.ports ?? []) port.hostPort ??= port.containerPort;
  }
  if (spec.resources) setPodLevelRequests(spec, spec.resources);
}

function setRequestsFromLimits(resources: ResourceRequirements): void {
  for (const [name, limit] of Object.entries(resources.limits ?? {})) {
    resources.requests ??= {};
    resources.requests[name] ??= limit;
  }
}

/** Requests of the pod as a whole: the sum over its containers, else its own limit. Upstream: setDefaultPodLevelRequests. */
function setPodLevelRequests(spec: PodSpec, resources: ResourceRequirements): void {
  if (Object.keys(resources.limits ?? {}).length === 0 && Object.keys(resources.requests ?? {}).length === 0) return;
  const requests = resources.requests ?? {};
  for (const [name, quantity] of containerRequests(spec)) {
    if (name === 'cpu' || name === 'memory' || name.startsWith('hugepages-')) requests[name] ??= quantity.toString();
  }
  for (const [name, limit] of Object.entries(resources.limits ?? {})) requests[name] ??= limit;
  if (Object.keys(requests).length > 0) resources.requests = requests;
}

const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always';

/** What the containers of a pod ask for together: the larger of its running and its starting phase. Upstream: component-helpers AggregateContainerRequests. */
export function containerRequests(spec: PodSpec): Map<string, Quantity> {
  const total = new Map<string, Quantity>();
  for (const container of spec.containers ?? []) addRequests(total, container);
  const sidecars = new Map<string, Quantity>();
  const starting = new Map<string, Quantity>();
  for (const container of spec.initContainers ?? []) {
    if (isSidecar(container)) {
      addRequests(total, container);
      addRequests(sidecars, container);
      raise(starting, sidecars);
    } else {
      const phase = new Map(sidecars);
      addRequests(phase, container);
      raise(starting, phase);
    }
  }
  raise(total, starting);
  return total;
}

function addRequests(total: Map<string, Quantity>, container: Container): void {
  for (const [name, text] of Object.entries(container.resources?.requests ?? {})) {
    const quantity = parseQuantity(text);
    const present = total.get(name);
    total.set(name, present === undefined ? quantity : present.add(quantity));
  }
}

function raise(total: Map<string, Quantity>, other: ReadonlyMap<string, Quantity>): void {
  for (const [name, quantity] of other) {
    const present = total.get(name);
    if (present === undefined || present.compare(quantity) < 0) total.set(name, quantity);
  }
}
