/** What an object counts towards quotas. Upstream: pkg/quota/v1/evaluator/core. */
import type { KubeObject } from '../../../../machinery/meta.ts';
import { parseQuantity, type Quantity, quantityOf } from '../../../../machinery/quantity.ts';
import type { PersistentVolumeClaim, Pod, Service } from '../../../generated/types/core-v1.ts';
import type { ResourceClaim } from '../../../generated/types/resource-v1.ts';
import { type Amounts, podAmounts } from './pod-amounts.ts';

const ONE = (): Quantity => quantityOf(1);

/** Resources of the core group that quotas also know by their plain name. */
const PLAIN_COUNTS = new Set([
  'configmaps',
  'resourcequotas',
  'replicationcontrollers',
  'secrets',
  'services',
  'persistentvolumeclaims',
]);
const HUGE_PAGES = 'hugepages-';
const DEVICES_SUFFIX = '.deviceclass.resource.k8s.io/devices';
/** As many devices as a request for all of them may get. */
const ALL_DEVICES = 32;
const CLASS_SUFFIX = '.storageclass.storage.k8s.io/';

/** Usage by quota resource name; `resource`: the stored name of the object's kind. */
export function usageOf(resource: string, object: KubeObject): Amounts {
  const usage: Amounts = new Map([[`count/${resource}`, ONE()]]);
  if (PLAIN_COUNTS.has(resource)) usage.set(resource, ONE());
  switch (resource) {
    case 'pods':
      addPod(usage, object as unknown as Pod);
      break;
    case 'services':
      addService(usage, object as unknown as Service);
      break;
    case 'persistentvolumeclaims':
      addClaim(usage, object as unknown as PersistentVolumeClaim);
      break;
    case 'resourceclaims.resource.k8s.io':
      addDevices(usage, object as unknown as ResourceClaim);
      break;
  }
  return usage;
}

function addPod(usage: Amounts, pod: Pod): void {
  const phase = pod.status?.phase;
  if (phase === 'Failed' || phase === 'Succeeded') return;
  usage.set('pods', ONE());
  const spec = pod.spec ?? {};
  for (const [name, amount] of podAmounts(spec, 'requests', { overhead: true })) {
    usage.set(`requests.${name}`, amount);
    if (name === 'cpu' || name === 'memory' || name === 'ephemeral-storage' || name.startsWith(HUGE_PAGES))
      usage.set(name, amount);
  }
  for (const [name, amount] of podAmounts(spec, 'limits', { overhead: true })) usage.set(`limits.${name}`, amount);
}

function addService(usage: Amounts, { spec }: Service): void {
  const ports = quantityOf(spec?.ports?.length ?? 0);
  if (spec?.type === 'NodePort') usage.set('services.nodeports', ports);
  if (spec?.type !== 'LoadBalancer') return;
  usage.set('services.loadbalancers', ONE());
  if (spec.allocateLoadBalancerNodePorts !== false) usage.set('services.nodeports', ports);
}

function addClaim(usage: Amounts, claim: PersistentVolumeClaim): void {
  const requested = claim.spec?.resources?.requests?.storage;
  const name = storageClassOf(claim);
  if (name) usage.set(`${name}${CLASS_SUFFIX}persistentvolumeclaims`, ONE());
  if (requested === undefined) return;
  const wanted = parseQuantity(requested);
  const given = parseQuantity(claim.status?.allocatedResources?.storage ?? '0');
  const size = given.compare(wanted) > 0 ? given : wanted;
  usage.set('requests.storage', size);
  if (name) usage.set(`${name}${CLASS_SUFFIX}requests.storage`, size);
}

/** The class of a claim, which old ones name in an annotation; empty for none. Upstream: GetPersistentVolumeClaimClass. */
export const storageClassOf = ({ metadata, spec }: PersistentVolumeClaim): string =>
  metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName ?? '';

/** Devices by class: those of each request, at most those of one of its alternatives. */
function addDevices(usage: Amounts, { spec }: ResourceClaim): void {
  for (const { exactly, firstAvailable } of spec?.devices?.requests ?? []) {
    const most = new Map<string, number>();
    for (const { deviceClassName, allocationMode, count } of firstAvailable?.length
      ? firstAvailable
      : [exactly ?? {}]) {
      if (deviceClassName === undefined) continue;
      const devices = allocationMode === 'All' ? ALL_DEVICES : allocationMode === 'ExactCount' ? (count ?? 0) : 0;
      most.set(deviceClassName, Math.max(devices, most.get(deviceClassName) ?? 0));
    }
    for (const [name, devices] of most) {
      const amount = quantityOf(devices);
      const key = `${name}${DEVICES_SUFFIX}`;
      usage.set(key, usage.get(key)?.add(amount) ?? amount);
    }
  }
}

const COMPUTE = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'];

/** Whether objects of a kind, by its stored name, can count towards a quota resource. */
export function isCounted(resource: string, name: string): boolean {
  // Events were never held to quotas.
  if (name === `count/${resource}`) return resource !== 'events';
  switch (resource) {
    case 'pods':
      return (
        name === 'pods' ||
        name === 'ephemeral-storage' ||
        name.startsWith(HUGE_PAGES) ||
        name.startsWith('limits.') ||
        COMPUTE.includes(name) ||
        (name.startsWith('requests.') && name !== 'requests.storage')
      );
    case 'services':
      return name === 'services' || name === 'services.nodeports' || name === 'services.loadbalancers';
    case 'persistentvolumeclaims':
      return name === 'persistentvolumeclaims' || name === 'requests.storage' || name.includes(CLASS_SUFFIX);
    case 'resourceclaims.resource.k8s.io':
      return name.endsWith(DEVICES_SUFFIX);
    default:
      return PLAIN_COUNTS.has(resource) && name === resource;
  }
}

const isPodLevel = (name: string): boolean => name === 'cpu' || name === 'memory' || name.startsWith(HUGE_PAGES);

/** What every container must state because a quota counts it; undefined when all do. */
export function missingAmounts(pod: Pod, names: readonly string[]): string | undefined {
  const { requests, limits } = pod.spec?.resources ?? {};
  if ([...Object.keys(requests ?? {}), ...Object.keys(limits ?? {})].some(isPodLevel)) return undefined;
  const required = names.filter((name) => COMPUTE.includes(name)).sort();
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const parts = required.flatMap((name) => {
    const [field, resource] = name.includes('.')
      ? (name.split('.') as ['requests' | 'limits', string])
      : (['requests', name] as const);
    const without = containers.filter(({ resources }) => resources?.[field]?.[resource] === undefined);
    return without.length > 0
      ? [
          `${name} for: ${without
            .map((container) => container.name)
            .sort()
            .join(',')}`,
        ]
      : [];
  });
  return parts.length > 0 ? `must specify ${parts.join('; ')}` : undefined;
}
