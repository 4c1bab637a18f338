/** The pods behind a port of a Service. */
import type { Service } from './generated/types/core-v1.ts';
import type { EndpointSlice } from './generated/types/discovery-v1.ts';

export interface ServiceEndpoint {
  /** The node whose network reaches it; undefined for addresses that somebody listed by hand. */
  node: string | undefined;
  /** `HOST:PORT` on the node's network. */
  address: string;
}

/** A port of a Service, by name where it has one. */
export interface ServicePortRef {
  name?: string | undefined;
  number?: number | undefined;
}

/**
 * The addresses of a port that may take requests: the ready ones, and when there are none those that still serve while
 * they end. Upstream: pkg/proxy/topology.go, where a node has no choice of its own.
 */
export function selectEndpoints(
  service: Service | undefined,
  slices: readonly EndpointSlice[],
  { name, number }: ServicePortRef,
): ServiceEndpoint[] {
  const port = service?.spec?.ports?.find((each) => (name ? each.name === name : each.port === number));
  if (!port) return [];
  const ready = new Map<string, ServiceEndpoint>();
  const ending = new Map<string, ServiceEndpoint>();
  for (const slice of slices) {
    const target = slice.ports?.find((each) => (each.name ?? '') === (port.name ?? ''))?.port;
    if (target === undefined || target === null) continue;
    for (const { addresses, nodeName, conditions } of slice.endpoints ?? []) {
      const host = addresses?.[0];
      if (!host) continue;
      const address = host.includes(':') ? `[${host}]:${target}` : `${host}:${target}`;
      const endpoint = { node: nodeName || undefined, address };
      if (conditions?.ready !== false) ready.set(address, endpoint);
      else if (conditions.serving && conditions.terminating) ending.set(address, endpoint);
    }
  }
  return [...(ready.size > 0 ? ready : ending).values()];
}
