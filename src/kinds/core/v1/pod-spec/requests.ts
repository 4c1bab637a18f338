/** What the containers of a pod ask for together, and may use. Upstream: component-helpers/resource. */
import { parseQuantity, type Quantity } from '../../../../machinery/quantity.ts';
import type { Container, PodSpec } from '../../../generated/types/core-v1.ts';

const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always';

type Amounts = 'limits' | 'requests';

/** The larger of the running and the starting phase of a pod. Upstream: AggregateContainerRequests. */
export const containerRequests = (spec: PodSpec): Map<string, Quantity> => aggregate(spec, 'requests');

/** Upstream: AggregateContainerLimits. */
export const containerLimits = (spec: PodSpec): Map<string, Quantity> => aggregate(spec, 'limits');

function aggregate(spec: PodSpec, amounts: Amounts): Map<string, Quantity> {
  const total = new Map<string, Quantity>();
  for (const container of spec.containers ?? []) addAmounts(total, container, amounts);
  const sidecars = new Map<string, Quantity>();
  const starting = new Map<string, Quantity>();
  for (const container of spec.initContainers ?? []) {
    if (isSidecar(container)) {
      addAmounts(total, container, amounts);
      addAmounts(sidecars, container, amounts);
      raise(starting, sidecars);
    } else {
      const phase = new Map(sidecars);
      addAmounts(phase, container, amounts);
      raise(starting, phase);
    }
  }
  raise(total, starting);
  return total;
}

function addAmounts(total: Map<string, Quantity>, container: Container, amounts: Amounts): void {
  for (const [name, text] of Object.entries(container.resources?.[amounts] ?? {})) {
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
