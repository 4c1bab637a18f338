/** What the containers of a pod ask for together. Upstream: component-helpers/resource. */
import { parseQuantity, type Quantity } from '../../../../machinery/quantity.ts';
import type { Container, PodSpec } from '../../../generated/types/core-v1.ts';

const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always';

/** The larger of the running and the starting phase of a pod. Upstream: AggregateContainerRequests. */
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
