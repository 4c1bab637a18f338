/** What pods ask of a node, as numbers: millicores for cpu, whole units for everything else. */
import type { Container, Pod } from '../kinds/index.ts';
import { parseQuantity } from '../machinery/quantity.ts';

export type Resources = Map<string, number>;

/** What a container without requests counts as when nodes are compared. Upstream: scheduler/util GetNonzeroRequests. */
const DEFAULT_MILLI_CPU = 100;
const DEFAULT_MEMORY = 200 * 1024 * 1024;

/** One quantity as a number of the unit that its resource is counted in. */
export function amountOf(resource: string, quantity: string): number {
  const parsed = parseQuantity(quantity);
  return resource === 'cpu' ? parsed.milliValue() : parsed.value();
}

/** A list of quantities as numbers. */
export function resourcesOf(list: Readonly<Record<string, string>> | undefined): Resources {
  const out: Resources = new Map();
  for (const [name, quantity] of Object.entries(list ?? {})) out.set(name, amountOf(name, quantity));
  return out;
}

/**
 * The requests of a pod: the sum of its containers, or the largest moment of its initialisation when that is more,
 * plus overhead; pod-level requests replace what they name. With `nonZero`, containers that ask for no cpu or memory
 * count as a small amount. Upstream: component-helpers/resource PodRequests.
 */
export function podRequests(pod: Pod, nonZero = false): Resources {
  const spec = pod.spec ?? {};
  const total: Resources = new Map();
  for (const container of spec.containers ?? []) add(total, containerRequests(container, nonZero));
  const sidecars: Resources = new Map();
  const starting: Resources = new Map();
  for (const container of spec.initContainers ?? []) {
    const requests = containerRequests(container, nonZero);
    if (container.restartPolicy === 'Always') {
      add(total, requests);
      add(sidecars, requests);
      raise(starting, sidecars);
    } else {
      add(requests, sidecars);
      raise(starting, requests);
    }
  }
  raise(total, starting);
  for (const [name, amount] of resourcesOf(spec.resources?.requests)) total.set(name, amount);
  add(total, resourcesOf(spec.overhead));
  return total;
}

/** Adds `more` to `total`, or takes it off with `sign` -1. */
export function add(total: Resources, more: Resources, sign: 1 | -1 = 1): void {
  for (const [name, amount] of more) total.set(name, (total.get(name) ?? 0) + sign * amount);
}

function raise(total: Resources, other: Resources): void {
  for (const [name, amount] of other) total.set(name, Math.max(total.get(name) ?? 0, amount));
}

function containerRequests(container: Container, nonZero: boolean): Resources {
  const requests = resourcesOf(container.resources?.requests);
  if (nonZero) {
    if (!requests.has('cpu')) requests.set('cpu', DEFAULT_MILLI_CPU);
    if (!requests.has('memory')) requests.set('memory', DEFAULT_MEMORY);
  }
  return requests;
}
