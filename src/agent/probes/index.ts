/** The kinds of probes this node can run. */
import type { ProbePlugin, ProbeRequest, ProbeResult } from './contract.ts';
import { execProbe } from './exec.ts';
import { grpcProbe } from './grpc.ts';
import { httpProbe } from './http.ts';
import { tcpProbe } from './tcp.ts';

export type { ProbePlugin, ProbeRequest, ProbeResult } from './contract.ts';
export { type ProbeOutcome, Prober, type ProberOptions, type ProbeType } from './prober.ts';

const probePlugins: readonly ProbePlugin[] = [execProbe, httpProbe, tcpProbe, grpcProbe];

export function runProbe(request: ProbeRequest): Promise<ProbeResult> {
  const plugin = probePlugins.find((candidate) => candidate.handles(request.probe));
  if (plugin === undefined) return Promise.resolve({ outcome: 'unknown', output: 'missing probe handler' });
  return plugin.run(request);
}
