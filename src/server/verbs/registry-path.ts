/** Where upstream keeps an object; some of its messages show it. Upstream: the storage paths of pkg/registry. */
import type { Kind } from '../../machinery/kind.ts';

const PREFIXES: Record<string, string> = {
  replicationcontrollers: 'controllers',
  services: 'services/specs',
  endpoints: 'services/endpoints',
  nodes: 'minions',
  'ingresses.networking.k8s.io': 'ingress',
};

export function registryPath(kind: Kind, { namespace, name }: { namespace: string; name: string }): string {
  const custom = kind.itemsCarryType === true ? `${kind.group}/${kind.resource}` : kind.resource;
  const prefix = PREFIXES[kind.storedAs] ?? custom;
  return `/registry/${prefix}/${kind.namespaced ? `${namespace}/` : ''}${name}`;
}
