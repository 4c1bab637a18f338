import {
  type Endpoint,
  type EndpointSlice,
  endpointSlices,
  type Pod,
  type Service,
  services,
} from '../../kinds/index.ts';
import type { Plan, Write } from '../runtime/apply-plan.ts';
import { sameJson } from '../runtime/canonical.ts';
import { controllerReference } from '../runtime/claim.ts';
import { endpointConditions, findPodPort, hostnameOf, isEndpoint, isHeadless } from '../runtime/service-pods.ts';
import { groupKey, MANAGED_BY, SERVICE_NAME, type SlicePort } from '../runtime/service-slices.ts';
import { LAST_CHANGE, withTriggerTime } from '../runtime/trigger-time.ts';

export const MANAGER = 'endpointslice-controller.k8s.io';
const HEADLESS = 'service.kubernetes.io/headless';
/** Labels of a service that its slices set themselves. */
const OWN_LABELS = new Set([SERVICE_NAME, MANAGED_BY, HEADLESS]);
const MAX_ENDPOINTS = 100;

export interface EndpointSlicesInput {
  service: Service;
  /** The pods that the service selects. */
  pods: readonly Pod[];
  /** The slices of the service that this controller manages. */
  slices: readonly EndpointSlice[];
  /** Zones by node name. */
  zones: ReadonlyMap<string, string>;
}

interface Group {
  addressType: string;
  ports: SlicePort[];
  endpoints: Map<string, Endpoint>;
}

/**
 * Brings the slices of a service in line with its pods. Pods with the same ports share slices; an endpoint stays in
 * the slice it is in, and new ones fill slices before more are made, so that few slices change.
 * Upstream: k8s.io/endpointslice reconciler.
 */
export function planEndpointSlices(input: EndpointSlicesInput): Plan {
  const groups = groupEndpoints(input);
  const writes: Write[] = [];
  const free = new Set(input.slices);
  for (const group of groups.values()) {
    const mine = input.slices.filter((slice) => groupKey(slice.addressType, slice.ports ?? []) === groupKeyOf(group));
    for (const slice of mine) free.delete(slice);
    writes.push(...fillSlices(input.service, group, mine));
  }
  for (const slice of free) writes.push({ type: 'delete', kind: endpointSlices, object: slice });
  const times = input.slices.map(({ metadata }) => metadata.annotations?.[LAST_CHANGE]);
  const timed = reuseSlices(writes).map((write): Write => {
    if (write.type === 'delete') return write;
    const { metadata } = write.object;
    const annotations = withTriggerTime(metadata.annotations, input, times);
    return { ...write, object: { ...write.object, metadata: { ...metadata, annotations } } };
  });
  return { steps: [{ writes: timed }] };
}

/** A slice that is to go takes the content of one that is to come, so that no endpoint is missing in between. */
function reuseSlices(writes: readonly Write[]): Write[] {
  const going = writes.filter(({ type }) => type === 'delete').map(({ object }) => object as EndpointSlice);
  const result = writes.filter(({ type }) => type === 'update');
  for (const write of writes.filter(({ type }) => type === 'create')) {
    const { addressType, endpoints, ports, metadata } = write.object as EndpointSlice;
    const at = going.findIndex((slice) => slice.addressType === addressType);
    if (at === -1) {
      result.push(write);
      continue;
    }
    const [slice] = going.splice(at, 1);
    const object = { ...slice!, metadata: { ...slice!.metadata, labels: metadata.labels }, endpoints, ports };
    result.push({ type: 'update', kind: endpointSlices, object });
  }
  return [...result, ...going.map((object): Write => ({ type: 'delete', kind: endpointSlices, object }))];
}

function groupEndpoints({ service, pods, zones }: EndpointSlicesInput): Map<string, Group> {
  const groups = new Map<string, Group>();
  const families = service.spec?.ipFamilies?.length ? service.spec.ipFamilies : ['IPv4'];
  for (const addressType of families) {
    for (const pod of pods) {
      if (!isEndpoint(pod, true)) continue;
      const addresses = addressesOf(pod).filter((ip) => familyOf(ip) === addressType);
      if (addresses.length === 0) continue;
      const group = openGroup(groups, addressType, portsOf(service, pod));
      group.endpoints.set(pod.metadata.uid ?? '', endpointOf(pod, service, { addresses, zones }));
    }
    // A service without endpoints has one empty slice, by which clients tell it from an unknown service.
    if (![...groups.values()].some((group) => group.addressType === addressType)) openGroup(groups, addressType, []);
  }
  return groups;
}

function openGroup(groups: Map<string, Group>, addressType: string, ports: SlicePort[]): Group {
  const key = groupKey(addressType, ports);
  const group = groups.get(key) ?? { addressType, ports, endpoints: new Map() };
  groups.set(key, group);
  return group;
}

const groupKeyOf = ({ addressType, ports }: Group): string => groupKey(addressType, ports);

function portsOf(service: Service, pod: Pod): SlicePort[] {
  const ports: SlicePort[] = [];
  for (const port of service.spec?.ports ?? []) {
    const number = findPodPort(pod, port);
    if (number === undefined) continue;
    const { name = '', protocol = 'TCP', appProtocol } = port;
    ports.push({ name, protocol, port: number, ...(appProtocol === undefined ? {} : { appProtocol }) });
  }
  return ports;
}

function endpointOf(
  pod: Pod,
  service: Service,
  { addresses, zones }: { addresses: string[]; zones: ReadonlyMap<string, string> },
): Endpoint {
  const { name, namespace, uid } = pod.metadata;
  const nodeName = pod.spec?.nodeName;
  const zone = nodeName === undefined ? undefined : zones.get(nodeName);
  const hostname = hostnameOf(pod, service);
  return {
    addresses,
    conditions: endpointConditions(pod, service),
    ...(hostname === undefined ? {} : { hostname }),
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(nodeName ? { nodeName } : {}),
    ...(zone ? { zone } : {}),
  };
}

function fillSlices(service: Service, group: Group, slices: readonly EndpointSlice[]): Write[] {
  const missing = new Map(group.endpoints);
  const kept = slices.map((slice) => {
    const endpoints = (slice.endpoints ?? []).flatMap((endpoint) => {
      const uid = endpoint.targetRef?.uid ?? '';
      const wanted = missing.get(uid);
      missing.delete(uid);
      return wanted ? [wanted] : [];
    });
    return { slice, endpoints };
  });
  const added = [...missing.values()];
  for (const { endpoints } of kept) endpoints.push(...added.splice(0, MAX_ENDPOINTS - endpoints.length));
  const used = kept.filter(({ endpoints }) => endpoints.length > 0);
  // The last slice stays even when it is empty.
  const empty = used.length === 0 && added.length === 0 ? kept.slice(0, 1) : [];
  const staying = [...used, ...empty];
  const writes = kept
    .filter((entry) => !staying.includes(entry))
    .map(({ slice }): Write => ({ type: 'delete', kind: endpointSlices, object: slice }));
  for (const { slice, endpoints } of staying) {
    const object = {
      ...slice,
      metadata: { ...slice.metadata, labels: labelsOf(service) },
      endpoints,
      ports: group.ports,
    };
    if (!sameSlice(slice, object)) writes.push({ type: 'update', kind: endpointSlices, object });
  }
  const makeOne = staying.length === 0 && added.length === 0;
  while (added.length > 0) writes.push(creation(service, group, added.splice(0, MAX_ENDPOINTS)));
  if (makeOne) writes.push(creation(service, group, []));
  return writes;
}

function creation(service: Service, { addressType, ports }: Group, endpoints: Endpoint[]): Write {
  const object: EndpointSlice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${service.metadata.name}-`,
      namespace: service.metadata.namespace,
      labels: labelsOf(service),
      ownerReferences: [controllerReference(services, service)],
    },
    addressType,
    endpoints,
    ports,
  };
  return { type: 'create', kind: endpointSlices, object };
}

function labelsOf(service: Service): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [name, value] of Object.entries(service.metadata.labels ?? {})) {
    if (!OWN_LABELS.has(name)) labels[name] = value;
  }
  labels[SERVICE_NAME] = service.metadata.name ?? '';
  labels[MANAGED_BY] = MANAGER;
  if (isHeadless(service)) labels[HEADLESS] = '';
  return labels;
}

function sameSlice(a: EndpointSlice, b: EndpointSlice): boolean {
  const normal = ({ metadata, endpoints, ports }: EndpointSlice) => ({
    labels: metadata.labels ?? {},
    endpoints: endpoints ?? [],
    ports: groupKey('', ports ?? []),
  });
  return sameJson(normal(a), normal(b));
}

function addressesOf({ status }: Pod): string[] {
  if (status?.podIPs?.length) return status.podIPs.map(({ ip }) => ip);
  return status?.podIP ? [status.podIP] : [];
}

function familyOf(ip: string): string {
  return ip.includes(':') ? 'IPv6' : 'IPv4';
}
