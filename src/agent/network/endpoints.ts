/** Which endpoints of a service port get traffic. Pure. Upstream: pkg/proxy/topology.go, endpointslicecache.go. */
import type { EndpointSlice, Service, ServicePort } from '../../kinds/index.ts';

export interface EndpointAddress {
  ip: string;
  port: number;
  local: boolean;
}

export interface PortEndpoints {
  /** For traffic that may go to any node. */
  cluster: EndpointAddress[];
  /** Those on this node. */
  local: EndpointAddress[];
}

interface Candidate extends EndpointAddress {
  ready: boolean;
  serving: boolean;
  terminating: boolean;
}

/** Endpoints of one port over all slices of its service: the ready ones, or the serving ones that terminate when none is ready. */
export function endpointsOfPort(
  service: Service,
  port: ServicePort,
  context: { slices: readonly EndpointSlice[]; node: string },
): PortEndpoints {
  const all = candidates(port, context);
  const publish = service.spec?.publishNotReadyAddresses === true;
  return {
    cluster: usable(all, publish),
    local: usable(
      all.filter((one) => one.local),
      publish,
    ),
  };
}

function usable(all: readonly Candidate[], publishNotReady: boolean): EndpointAddress[] {
  const ready = all.filter((one) => one.ready || (publishNotReady && !one.terminating));
  const chosen = ready.length > 0 ? ready : all.filter((one) => one.serving && one.terminating);
  return chosen.map(({ ip, port, local }) => ({ ip, port, local }));
}

function candidates(port: ServicePort, context: { slices: readonly EndpointSlice[]; node: string }): Candidate[] {
  const byKey = new Map<string, Candidate>();
  for (const slice of context.slices) {
    if (slice.addressType !== 'IPv4') continue;
    const match = slice.ports?.find(
      (one) => (one.name ?? '') === (port.name ?? '') && (one.protocol ?? 'TCP') === (port.protocol ?? 'TCP'),
    );
    if (match?.port === undefined) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const { ready, serving, terminating } = endpoint.conditions ?? {};
      for (const ip of endpoint.addresses ?? []) {
        byKey.set(`${ip}:${match.port}`, {
          ip,
          port: match.port,
          local: endpoint.nodeName === context.node,
          // Unset means true for ready; serving follows ready where it is unset.
          ready: ready ?? true,
          serving: serving ?? ready ?? true,
          terminating: terminating ?? false,
        });
      }
    }
  }
  return [...byKey.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}
