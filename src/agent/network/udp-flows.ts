/**
 * Connection tracking remembers where a UDP flow went, and a client that keeps its source port would go on sending to an
 * endpoint that is gone. Upstream: pkg/proxy/conntrack.
 */
import { runCommand } from '../node/command.ts';
import { endpointsOfPort } from './endpoints.ts';
import type { ServiceRulesInput } from './service-rules.ts';

/** Addresses of the endpoints of each UDP service port, by `CLUSTER-IP PORT`. */
export type UdpTargets = ReadonlyMap<string, ReadonlySet<string>>;

export function udpTargets(input: Pick<ServiceRulesInput, 'services' | 'slices' | 'node'>): UdpTargets {
  const targets = new Map<string, Set<string>>();
  for (const service of input.services) {
    const { clusterIP, ports = [] } = service.spec ?? {};
    if (!clusterIP || clusterIP === 'None') continue;
    const slices = input.slices.get(`${service.metadata.namespace}/${service.metadata.name}`) ?? [];
    for (const port of ports) {
      if (port.protocol !== 'UDP') continue;
      const { cluster } = endpointsOfPort(service, port, { slices, node: input.node });
      targets.set(`${clusterIP} ${port.port}`, new Set(cluster.map((endpoint) => endpoint.ip)));
    }
  }
  return targets;
}

/** Arguments of the `conntrack` calls that forget flows which `after` sends elsewhere. Pure. */
export function staleFlows(before: UdpTargets, after: UdpTargets): string[][] {
  const calls: string[][] = [];
  for (const [key, old] of before) {
    const [ip = ''] = key.split(' ');
    const now = after.get(key);
    for (const endpoint of old) {
      if (!now?.has(endpoint)) calls.push(['-D', '-p', 'udp', '--orig-dst', ip, '--dst-nat', endpoint]);
    }
  }
  for (const [key, now] of after) {
    const [ip = '', port = ''] = key.split(' ');
    // What was sent while there was no endpoint is remembered as going nowhere.
    if (now.size > 0 && !before.get(key)?.size) calls.push(['-D', '-p', 'udp', '--orig-dst', ip, '--dport', port]);
  }
  return calls;
}

/** Forgets those flows. Without the `conntrack` program they end by themselves after half a minute of silence. */
export async function forgetFlows(calls: readonly string[][]): Promise<void> {
  for (const args of calls) await runCommand('conntrack', args);
}
