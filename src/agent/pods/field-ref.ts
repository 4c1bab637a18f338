/** Values a pod may ask about itself. Upstream: pkg/fieldpath, pkg/api/v1/resource. */
import type { Container, Pod, ResourceFieldSelector } from '../../kinds/index.ts';
import { parseQuantity } from '../../machinery/quantity.ts';

export interface FieldFacts {
  hostIPs: readonly string[];
  podIPs: readonly string[];
  nodeName: string;
}

const quoted = (map: Record<string, string> | undefined): string =>
  Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');

/** The text of a `fieldRef`; undefined when no such field may be asked for. */
export function podField(pod: Pod, fieldPath: string, facts: FieldFacts): string | undefined {
  const subscript = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(fieldPath);
  if (subscript) return pod.metadata[subscript[1] as 'labels' | 'annotations']?.[subscript[2] ?? ''] ?? '';
  switch (fieldPath) {
    case 'metadata.name':
      return pod.metadata.name ?? '';
    case 'metadata.namespace':
      return pod.metadata.namespace ?? '';
    case 'metadata.uid':
      return pod.metadata.uid ?? '';
    case 'metadata.labels':
      return quoted(pod.metadata.labels);
    case 'metadata.annotations':
      return quoted(pod.metadata.annotations);
    case 'spec.nodeName':
      return facts.nodeName;
    case 'spec.serviceAccountName':
      return pod.spec?.serviceAccountName ?? '';
    case 'status.hostIP':
      return facts.hostIPs[0] ?? '';
    case 'status.hostIPs':
      return facts.hostIPs.join(',');
    case 'status.podIP':
      return facts.podIPs[0] ?? '';
    case 'status.podIPs':
      return facts.podIPs.join(',');
    default:
      return undefined;
  }
}

/** Rounded up to whole divisors; limits that are not set are what the node can give. */
export function resourceField(
  container: Container,
  selector: ResourceFieldSelector,
  allocatable: Record<string, string>,
): string | undefined {
  const [list, name = ''] = selector.resource.split(/\.(.*)/s);
  if (list !== 'limits' && list !== 'requests') return undefined;
  if (!/^(cpu|memory|ephemeral-storage|hugepages-.+)$/.test(name)) return undefined;
  const set = container.resources?.[list]?.[name];
  const fallback = list === 'limits' ? allocatable[name] : undefined;
  const value = parseQuantity(set ?? fallback ?? '0');
  const divisor = parseQuantity(selector.divisor && selector.divisor !== '0' ? selector.divisor : '1');
  if (name === 'cpu') return String(Math.ceil(value.milliValue() / divisor.milliValue()));
  return String(Math.ceil(value.value() / divisor.value()));
}
