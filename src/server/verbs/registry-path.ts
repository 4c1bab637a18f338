/** Where upstream keeps an object; some of its messages show it. Upstream: the storage paths of pkg/registry. */
import type { Kind } from '../../machinery/kind.ts';

const PREFIXES: Record<string, string> = {
  replicationcontrollers: 'controllers',
  services: 'services/specs',
  endpoints: 'services/endpoints',
  nodes: 'minions',
  'ingresses.networking.k8s.io': 'ingress',
  'apiservices.apiregistration.k8s.io': 'apiregistration.k8s.io/apiservices',
  'customresourcedefinitions.apiextensions.k8s.io': 'apiextensions.k8s.io/customresourcedefinitions',
};

/** A dry run does not come to the storage that knows of its root. */
export function registryPath(
  kind: Kind,
  { namespace, name, dryRun }: { namespace: string; name: string; dryRun: boolean },
): string {
  const custom = kind.itemsCarryType === true ? `${kind.group}/${kind.resource}` : kind.resource;
  const prefix = PREFIXES[kind.storedAs] ?? custom;
  return `${dryRun ? '' : '/registry'}/${prefix}/${kind.namespaced ? `${namespace}/` : ''}${name}`;
}
