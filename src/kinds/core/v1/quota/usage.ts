/** What an object counts towards quotas. Upstream: pkg/quota/v1/evaluator/core. */
import type { KubeObject } from '../../../../machinery/meta.ts';
import { parseQuantity, type Quantity, quantityOf } from '../../../../machinery/quantity.ts';
import type { PersistentVolumeClaim, Pod, Service } from '../../../generated/types/core-v1.ts';
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
    if (name === 'cpu' || name === 'memory' || name === 'ephemeral-storage') usage.set(name, amount);
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
  const name = claim.spec?.storageClassName;
  if (name) usage.set(`${name}${CLASS_SUFFIX}persistentvolumeclaims`, ONE());
  if (requested === undefined) return;
  const size = parseQuantity(requested);
  usage.set('requests.storage', size);
  if (name) usage.set(`${name}${CLASS_SUFFIX}requests.storage`, size);
}

const COMPUTE = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'];

/** Whether objects of a kind, by its stored name, can count towards a quota resource. */
export function isCounted(resource: string, name: string): boolean {
  if (name === `count/${resource}`) return true;
  switch (resource) {
    case 'pods':
      return (
        name === 'pods' ||
        name === 'ephemeral-storage' ||
        name.startsWith('limits.') ||
        COMPUTE.includes(name) ||
        (name.startsWith('requests.') && name !== 'requests.storage')
      );
    case 'services':
      return name === 'services' || name === 'services.nodeports' || name === 'services.loadbalancers';
    case 'persistentvolumeclaims':
      return name === 'persistentvolumeclaims' || name === 'requests.storage' || name.includes(CLASS_SUFFIX);
    default:
      return PLAIN_COUNTS.has(resource) && name === resource;
  }
}

/** What every container must state because a quota counts it; undefined when all do. */
export function missingAmounts(pod: Pod, names: readonly string[]): string | undefined {
  const required = names.filter((name) => COMPUTE.includes(name)).sort();
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const parts = required.flatMap((name) => {
    const [field, resource] = name.includes('.')
      ? (name.split('.') as ['requests' | 'limits', string])
      : (['requests', name] as const);
    if (pod.spec?.resources?.[field]?.[resource] !== undefined) return [];
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
