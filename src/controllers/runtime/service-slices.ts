import type { EndpointSlice } from '../../kinds/index.ts';
import { canonicalText } from './canonical.ts';

export const SERVICE_NAME = 'kubernetes.io/service-name';
export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';

export type SlicePort = NonNullable<EndpointSlice['ports']>[number];

/** Equal for endpoints that share a slice: of one address family, behind the same ports in any order. */
export function groupKey(addressType: string, ports: readonly SlicePort[]): string {
  const texts = ports.map((port) =>
    canonicalText({ ...port, name: port.name ?? '', protocol: port.protocol ?? 'TCP' }),
  );
  return `${addressType} ${texts.sort().join()}`;
}
