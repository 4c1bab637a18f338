/** Rows of the core kinds. Upstream: printers/internalversion. */
import { formatAge } from '../../machinery/age.ts';
import type {
  ComponentStatus,
  ConfigMap,
  Endpoints,
  Event,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  ResourceQuota,
  Secret,
  Service,
} from '../generated/types/core-v1.ts';
import { age, formatAccessModes, formatLabels, NONE, nameOf, orNone, UNKNOWN, UNSET } from './text.ts';

/** As many addresses or hosts as a cell shows. */
export const MAX_LISTED = 3;

/** The first three of a list, and how many more there are. */
export function shortList(list: readonly string[], count = list.length): string {
  const text = list.slice(0, MAX_LISTED).join(',');
  return count > MAX_LISTED ? `${text} + ${count - MAX_LISTED} more...` : text;
}

export const configMapCells = (map: ConfigMap, now: number): unknown[] => [
  nameOf(map),
  Object.keys(map.data ?? {}).length + Object.keys(map.binaryData ?? {}).length,
  age(map, now),
];

export const secretCells = (secret: Secret, now: number): unknown[] => [
  nameOf(secret),
  secret.type ?? '',
  Object.keys(secret.data ?? {}).length,
  age(secret, now),
];

export const namespaceCells = (namespace: Namespace, now: number): unknown[] => [
  nameOf(namespace),
  namespace.status?.phase ?? '',
  age(namespace, now),
];

export function endpointsCells(endpoints: Endpoints, now: number): unknown[] {
  const list = (endpoints.subsets ?? []).flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) => addresses.map(({ ip }) => hostPort(ip, port))),
  );
  return [nameOf(endpoints), endpoints.subsets?.length ? shortList(list) : NONE, age(endpoints, now)];
}

const hostPort = (ip: string, port: number): string => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);

/** Addresses and host names of a load balancer. */
export function loadBalancerText(status: { ingress?: { ip?: string; hostname?: string }[] } | undefined): string {
  return [
    ...new Set((status?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').filter((text) => text !== '')),
  ]
    .sort()
    .join(',');
}

function externalAddress({ spec, status }: Service): string {
  if (spec.type === 'ExternalName') return spec.externalName ?? '';
  const own = spec.externalIPs ?? [];
  if (spec.type !== 'LoadBalancer') return own.length > 0 ? own.join(',') : NONE;
  const balanced = loadBalancerText(status?.loadBalancer);
  if (own.length > 0) return [...(balanced === '' ? [] : [balanced]), ...own].join(',');
  return balanced === '' ? '<pending>' : balanced;
}

function portsText({ spec }: Service): string {
  const ports = (spec.ports ?? []).map(({ port, nodePort, protocol }) =>
    nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  );
  return ports.length === 0 ? NONE : ports.join(',');
}

export const serviceCells = (service: Service, now: number): unknown[] => [
  nameOf(service),
  service.spec.type ?? '',
  orNone(service.spec.clusterIPs?.[0] ?? service.spec.clusterIP),
  externalAddress(service),
  portsText(service),
  age(service, now),
  formatLabels(service.spec.selector),
];

const ROLE_PREFIX = 'node-role.kubernetes.io/';
const ROLE_LABEL = 'kubernetes.io/role';

function rolesText(node: Node): string {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(node.metadata.labels ?? {})) {
    if (key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length) roles.add(key.slice(ROLE_PREFIX.length));
    else if (key === ROLE_LABEL && value !== '') roles.add(value);
  }
  return roles.size === 0 ? NONE : [...roles].sort().join(',');
}

function nodeState({ spec, status }: Node): string {
  const ready = status?.conditions?.find((condition) => condition.type === 'Ready');
  const state = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return spec.unschedulable ? `${state},SchedulingDisabled` : state;
}

export function nodeCells(node: Node, now: number): unknown[] {
  const address = (type: string): string => orNone(node.status?.addresses?.find((item) => item.type === type)?.address);
  const info = node.status?.nodeInfo;
  return [
    nameOf(node),
    nodeState(node),
    rolesText(node),
    age(node, now),
    info?.kubeletVersion ?? '',
    address('InternalIP'),
    address('ExternalIP'),
    info?.osImage || UNKNOWN,
    `${info?.kernelVersion || UNKNOWN}${info?.architecture ? ` (${info.architecture})` : ''}`,
    info?.containerRuntimeVersion || UNKNOWN,
  ];
}

export function eventCells(event: Event, now: number): unknown[] {
  const first = event.firstTimestamp ?? event.eventTime;
  const last = event.series?.lastObservedTime ?? event.lastTimestamp ?? first;
  const { kind = '', name, fieldPath } = event.involvedObject;
  const component = event.source?.component || event.reportingComponent || '';
  const instance = event.source?.component ? event.source.host : event.source?.host || event.reportingInstance;
  return [
    formatAge(last, now),
    event.type ?? '',
    event.reason ?? '',
    name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase(),
    fieldPath ?? '',
    instance ? `${component}, ${instance}` : component,
    (event.message ?? '').trim(),
    formatAge(first, now),
    event.series?.count ?? (event.count || 1),
    nameOf(event),
  ];
}

export function persistentVolumeClaimCells(claim: PersistentVolumeClaim, now: number): unknown[] {
  const { spec, status, metadata } = claim;
  const bound = Boolean(spec.volumeName);
  return [
    nameOf(claim),
    metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating',
    spec.volumeName ?? '',
    bound ? (status?.capacity?.storage ?? '0') : '',
    bound ? formatAccessModes(status?.accessModes) : '',
    metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec.storageClassName ?? '',
    spec.volumeAttributesClassName ?? UNSET,
    age(claim, now),
    spec.volumeMode ?? UNSET,
  ];
}

export function persistentVolumeCells(volume: PersistentVolume, now: number): unknown[] {
  const { spec, status, metadata } = volume;
  return [
    nameOf(volume),
    spec.capacity?.storage ?? '0',
    formatAccessModes(spec.accessModes),
    spec.persistentVolumeReclaimPolicy ?? '',
    metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating',
    spec.claimRef ? `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}` : '',
    metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec.storageClassName ?? '',
    spec.volumeAttributesClassName ?? UNSET,
    status?.reason ?? '',
    age(volume, now),
    spec.volumeMode ?? UNSET,
  ];
}

export function resourceQuotaCells(quota: ResourceQuota, now: number): unknown[] {
  const { hard = {}, used = {} } = quota.status ?? {};
  const usage = (limits: boolean): string =>
    Object.keys(hard)
      .filter((name) => name.startsWith('limits') === limits)
      .sort()
      .map((name) => `${name}: ${used[name] ?? '0'}/${hard[name]}`)
      .join(', ');
  return [nameOf(quota), usage(false), usage(true), age(quota, now)];
}

export function componentStatusCells(component: ComponentStatus): unknown[] {
  const healthy = component.conditions?.find((condition) => condition.type === 'Healthy');
  const state = healthy?.status === 'True' ? 'Healthy' : healthy?.status === 'False' ? 'Unhealthy' : 'Unknown';
  return [nameOf(component), state, healthy?.message ?? '', healthy?.error ?? ''];
}
