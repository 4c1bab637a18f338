/** One way to ask a container how it is. Add one: a file here and a line in `index.ts`. */
import type { Container, Probe } from '../../kinds/index.ts';
import type { ContainerRuntime } from '../runtime/contract.ts';

export interface ProbeRequest {
  probe: Probe;
  container: Container;
  containerId: string;
  podIP: string;
  runtime: ContainerRuntime;
  /** Seconds. */
  timeout: number;
}

/** `unknown`: the probe itself could not run; it counts neither way. */
export interface ProbeResult {
  outcome: 'success' | 'warning' | 'failure' | 'unknown';
  output: string;
}

export interface ProbePlugin {
  handles(probe: Probe): boolean;
  run(request: ProbeRequest): Promise<ProbeResult>;
}
