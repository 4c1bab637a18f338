/** The scheduler's view of nodes and placed pods, kept up to date change by change. */
import type { Node, Pod } from '../kinds/index.ts';
import type { HostPort, NodeInfo, PodInfo } from './framework.ts';
import { add, podRequests, type Resources, resourcesOf } from './resources.ts';

interface MutableNode extends NodeInfo {
  node: Node;
  allocatable: Resources;
  readonly pods: Map<string, PodInfo>;
}

/** Which pod is on which node. */
export interface Place {
  node: string;
  uid: string;
}

/** What plugins need to know of a pod, computed once. */
export function podInfoOf(pod: Pod): PodInfo {
  const hostPorts: HostPort[] = [];
  for (const container of [
    ...(pod.spec?.containers ?? []),
    ...(pod.spec?.initContainers ?? []).filter((c) => c.restartPolicy === 'Always'),
  ]) {
    for (const port of container.ports ?? []) {
      if (port.hostPort)
        hostPorts.push({ protocol: port.protocol ?? 'TCP', ip: port.hostIP || '0.0.0.0', port: port.hostPort });
    }
  }
  return {
    key: `${pod.metadata.namespace}/${pod.metadata.name}`,
    pod,
    requests: podRequests(pod),
    nonZeroRequests: podRequests(pod, true),
    priority: pod.spec?.priority ?? 0,
    hostPorts,
  };
}

export class Snapshot {
  readonly #nodes = new Map<string, MutableNode>();
  /** Placed pods whose node is not known (yet). */
  readonly #homeless = new Map<string, PodInfo>();
  /** Node of every placed pod. */
  readonly #placeOf = new Map<string, Place>();
  /** The values of `#nodes`, until one comes or goes. */
  #list: readonly NodeInfo[] | undefined;

  get nodes(): readonly NodeInfo[] {
    this.#list ??= [...this.#nodes.values()];
    return this.#list;
  }

  /** Placed pods. */
  get size(): number {
    return this.#placeOf.size;
  }

  node(name: string): NodeInfo | undefined {
    return this.#nodes.get(name);
  }

  /** Where a pod is placed, if it is. */
  placeOf(key: string): Place | undefined {
    return this.#placeOf.get(key);
  }

  setNode(node: Node): void {
    const name = node.metadata.name as string;
    const known = this.#nodes.get(name);
    if (known) {
      known.node = node;
      known.allocatable = resourcesOf(node.status?.allocatable);
      return;
    }
    const info: MutableNode = {
      name,
      node,
      allocatable: resourcesOf(node.status?.allocatable),
      requested: new Map(),
      nonZeroRequested: new Map(),
      pods: new Map(),
    };
    this.#nodes.set(name, info);
    this.#list = undefined;
    for (const [key, pod] of this.#homeless) {
      if (this.#placeOf.get(key)?.node !== name) continue;
      this.#homeless.delete(key);
      put(info, pod);
    }
  }

  removeNode(name: string): void {
    const known = this.#nodes.get(name);
    if (!known) return;
    for (const [key, pod] of known.pods) this.#homeless.set(key, pod);
    this.#nodes.delete(name);
    this.#list = undefined;
  }

  /** Counts a pod on its node; one that is counted already is replaced. */
  place(pod: PodInfo, nodeName: string): void {
    this.remove(pod.key);
    this.#placeOf.set(pod.key, { node: nodeName, uid: pod.pod.metadata.uid ?? '' });
    const node = this.#nodes.get(nodeName);
    if (node) put(node, pod);
    else this.#homeless.set(pod.key, pod);
  }

  /** Forgets a pod; returns where it was counted. */
  remove(key: string): Place | undefined {
    const place = this.#placeOf.get(key);
    if (place === undefined) return undefined;
    this.#placeOf.delete(key);
    this.#homeless.delete(key);
    const node = this.#nodes.get(place.node);
    const pod = node?.pods.get(key);
    if (node && pod) {
      node.pods.delete(key);
      add(node.requested, pod.requests, -1);
      add(node.nonZeroRequested, pod.nonZeroRequests, -1);
    }
    return place;
  }
}

function put(node: MutableNode, pod: PodInfo): void {
  node.pods.set(pod.key, pod);
  add(node.requested, pod.requests);
  add(node.nonZeroRequested, pod.nonZeroRequests);
}
