/** What a pod asks for in total. Upstream: component-helpers/resource PodRequests, PodLimits. */
import { parseQuantity, type Quantity } from '../../../../machinery/quantity.ts';
import type { Container, PodSpec } from '../../../generated/types/core-v1.ts';

export type Amounts = Map<string, Quantity>;

/** Amounts of a resource list. */
export function amountsOf(list: Record<string, string> | undefined): Amounts {
  return new Map(Object.entries(list ?? {}).map(([name, text]) => [name, parseQuantity(text)]));
}

function addAmounts(target: Amounts, more: Amounts): void {
  for (const [name, amount] of more) {
    const present = target.get(name);
    target.set(name, present ? present.add(amount) : amount);
  }
}

function raiseAmounts(target: Amounts, floor: Amounts): void {
  for (const [name, amount] of floor) {
    const present = target.get(name);
    if (!present || present.compare(amount) < 0) target.set(name, amount);
  }
}

/**
 * Requests or limits of the whole pod: the containers together, or an init container with the sidecars started before
 * it where that is more; pod-level amounts replace them. `overhead` is added to what is there.
 */
export function podAmounts(spec: PodSpec, field: 'requests' | 'limits', { overhead }: { overhead: boolean }): Amounts {
  const total: Amounts = new Map();
  for (const container of spec.containers ?? []) addAmounts(total, ofContainer(container, field));
  const sidecars: Amounts = new Map();
  const init: Amounts = new Map();
  for (const container of spec.initContainers ?? []) {
    const own = ofContainer(container, field);
    if (container.restartPolicy === 'Always') {
      addAmounts(total, own);
      addAmounts(sidecars, own);
      raiseAmounts(init, sidecars);
      continue;
    }
    const running: Amounts = new Map(sidecars);
    addAmounts(running, own);
    raiseAmounts(init, running);
  }
  raiseAmounts(total, init);
  for (const [name, amount] of amountsOf(spec.resources?.[field])) total.set(name, amount);
  if (overhead) {
    for (const [name, amount] of amountsOf(spec.overhead)) {
      const present = total.get(name);
      if (field === 'requests' || present) total.set(name, present ? present.add(amount) : amount);
    }
  }
  return total;
}

const ofContainer = (container: Container, field: 'requests' | 'limits'): Amounts =>
  amountsOf(container.resources?.[field]);
