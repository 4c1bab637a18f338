import { type EndpointSubset, type Endpoints, endpoints, type Pod, type Service } from '../../kinds/index.ts';
import type { Plan } from '../runtime/apply-plan.ts';
import { canonicalText, sameJson } from '../runtime/canonical.ts';
import { endpointConditions, findPodPort, hostnameOf, isEndpoint, isHeadless } from '../runtime/service-pods.ts';
import { LAST_CHANGE, withTriggerTime } from '../runtime/trigger-time.ts';

const HEADLESS = 'service.kubernetes.io/headless';
const MANAGED_BY = 'endpoints.kubernetes.io/managed-by';
const MANAGER = 'endpoint-controller';
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity';
const MAX_ADDRESSES = 1000;

type Address = NonNullable<EndpointSubset['addresses']>[number];
type Port = NonNullable<EndpointSubset['ports']>[number];

export interface EndpointsInput {
  service: Service;
  /** The pods that the service selects. */
  pods: readonly Pod[];
  existing: Endpoints | undefined;
}

/** Writes the legacy Endpoints of a service. Upstream: pkg/controller/endpoint. */
export function planEndpoints({ service, pods, existing }: EndpointsInput): Plan {
  const { subsets, truncated } = repack(collect(service, pods));
  const labels: Record<string, string> = { ...service.metadata.labels, [MANAGED_BY]: MANAGER };
  if (isHeadless(service)) labels[HEADLESS] = '';
  else delete labels[HEADLESS];
  const { [OVER_CAPACITY]: _, ...annotations } = existing?.metadata.annotations ?? {};
  if (truncated) annotations[OVER_CAPACITY] = 'truncated';
  const { name, namespace } = service.metadata;
  if (existing === undefined) {
    const metadata = { name, namespace, labels, annotations: withTriggerTime(annotations, { service, pods }, []) };
    const object = { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets };
    return { steps: [{ writes: [{ type: 'create', kind: endpoints, object }] }] };
  }
  const same =
    sameJson(existing.subsets ?? [], subsets) &&
    sameJson(existing.metadata.labels ?? {}, labels) &&
    sameJson(existing.metadata.annotations ?? {}, annotations);
  if (same) return { steps: [] };
  const before = existing.metadata.annotations?.[LAST_CHANGE];
  const metadata = {
    ...{ ...existing.metadata, labels },
    annotations: withTriggerTime(annotations, { service, pods }, [before]),
  };
  const object = { ...existing, metadata, subsets };
  return { steps: [{ writes: [{ type: 'update', kind: endpoints, object }] }] };
}

interface Entry {
  address: Address;
  ready: boolean;
  port: Port | undefined;
}

function collect(service: Service, pods: readonly Pod[]): Entry[] {
  const entries: Entry[] = [];
  for (const pod of pods) {
    if (!isEndpoint(pod, service.spec?.publishNotReadyAddresses === true)) continue;
    const { ready } = endpointConditions(pod, service);
    const address = addressOf(pod, service);
    const ports = service.spec?.ports ?? [];
    // A headless service may have no ports at all.
    if (ports.length === 0) {
      if (isHeadless(service)) entries.push({ address, ready, port: undefined });
      continue;
    }
    for (const port of ports) {
      const number = findPodPort(pod, port);
      if (number === undefined) continue;
      const { name, protocol = 'TCP', appProtocol } = port;
      entries.push({
        address,
        ready,
        port: { ...(name ? { name } : {}), port: number, protocol, ...(appProtocol ? { appProtocol } : {}) },
      });
    }
  }
  return entries;
}

function addressOf(pod: Pod, service: Service): Address {
  const { name, namespace, uid } = pod.metadata;
  const hostname = hostnameOf(pod, service);
  const nodeName = pod.spec?.nodeName;
  return {
    ip: pod.status?.podIP ?? '',
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName ? { nodeName } : {}),
    targetRef: { kind: 'Pod', namespace, name, uid },
  };
}

/** One subset per set of ports that addresses share, in a stable order. Upstream: RepackSubsets. */
function repack(entries: readonly Entry[]): { subsets: EndpointSubset[]; truncated: boolean } {
  const byAddress = new Map<string, { address: Address; ready: boolean; ports: Map<string, Port> }>();
  for (const { address, ready, port } of entries) {
    const id = `${ready} ${canonicalText(address)}`;
    const known = byAddress.get(id) ?? { address, ready, ports: new Map<string, Port>() };
    if (port) known.ports.set(canonicalText(port), port);
    byAddress.set(id, known);
  }
  const kept = [...byAddress.values()].sort((a, b) => Number(b.ready) - Number(a.ready)).slice(0, MAX_ADDRESSES);
  const subsets = new Map<string, { ports: Port[]; ready: Address[]; notReady: Address[] }>();
  for (const { address, ready, ports } of kept) {
    const id = [...ports.keys()].sort().join();
    const ordered = [...ports.entries()].sort(byText).map(([, port]) => port);
    const subset = subsets.get(id) ?? { ports: ordered, ready: [], notReady: [] };
    (ready ? subset.ready : subset.notReady).push(address);
    subsets.set(id, subset);
  }
  const result = [...subsets.entries()].sort(byText).map(([, { ports, ready, notReady }]) => ({
    ...(ready.length > 0 ? { addresses: ready.sort(byIp) } : {}),
    ...(notReady.length > 0 ? { notReadyAddresses: notReady.sort(byIp) } : {}),
    ...(ports.length > 0 ? { ports } : {}),
  }));
  return { subsets: result, truncated: byAddress.size > MAX_ADDRESSES };
}

function byText<T>([a]: [string, T], [b]: [string, T]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function byIp(a: Address, b: Address): number {
  return a.ip < b.ip ? -1 : a.ip > b.ip ? 1 : 0;
}
