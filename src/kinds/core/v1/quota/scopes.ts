/** Whether the scopes of a quota take an object in. Upstream: pkg/quota/v1/evaluator/core podMatchesScopeFunc. */
import type { KubeObject } from '../../../../machinery/meta.ts';
import type { PersistentVolumeClaim, Pod, PodSpec, ResourceQuota } from '../../../generated/types/core-v1.ts';

interface Requirement {
  scopeName?: string;
  operator?: string;
  values?: readonly string[];
}

/** `resource`: the stored name of the object's kind. */
export function matchesScopes(quota: ResourceQuota, resource: string, object: KubeObject): boolean {
  const requirements: Requirement[] = [
    ...(quota.spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
    ...(quota.spec?.scopeSelector?.matchExpressions ?? []),
  ];
  return requirements.every((requirement) => matches(requirement, resource, object));
}

function matches(requirement: Requirement, resource: string, object: KubeObject): boolean {
  if (resource === 'persistentvolumeclaims') {
    const name = (object as unknown as PersistentVolumeClaim).spec?.volumeAttributesClassName;
    return requirement.scopeName === 'VolumeAttributesClass' && matchesValue(requirement, name ?? '');
  }
  if (resource !== 'pods') return false;
  const pod = object as unknown as Pod;
  const spec = pod.spec ?? {};
  switch (requirement.scopeName) {
    case 'Terminating':
      return isTerminating(spec);
    case 'NotTerminating':
      return !isTerminating(spec);
    case 'BestEffort':
      return isBestEffort(spec);
    case 'NotBestEffort':
      return !isBestEffort(spec);
    case 'PriorityClass':
      if (requirement.operator === 'Exists' && !requirement.values?.length) return Boolean(spec.priorityClassName);
      return matchesValue(requirement, spec.priorityClassName ?? '');
    case 'CrossNamespacePodAffinity':
      return crossesNamespaces(spec);
    default:
      return false;
  }
}

function matchesValue({ operator, values = [] }: Requirement, value: string): boolean {
  switch (operator) {
    case 'In':
      return values.includes(value);
    case 'NotIn':
      return !values.includes(value);
    case 'Exists':
      return value !== '';
    case 'DoesNotExist':
      return value === '';
    default:
      return false;
  }
}

const isTerminating = (spec: PodSpec): boolean => (spec.activeDeadlineSeconds ?? -1) >= 0;

function isBestEffort(spec: PodSpec): boolean {
  const counts = (list: Record<string, string> | undefined): boolean =>
    ['cpu', 'memory'].some((name) => list?.[name] !== undefined && !/^0+[a-zA-Z]*$/.test(list[name]));
  const resources = [
    spec.resources,
    ...[...(spec.containers ?? []), ...(spec.initContainers ?? [])].map((one) => one.resources),
  ];
  return !resources.some((one) => counts(one?.requests) || counts(one?.limits));
}

function crossesNamespaces({ affinity }: PodSpec): boolean {
  const terms = [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap((one) => [
    ...(one?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(one?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((weighted) => weighted.podAffinityTerm),
  ]);
  return terms.some((term) => (term?.namespaces?.length ?? 0) > 0 || term?.namespaceSelector !== undefined);
}
