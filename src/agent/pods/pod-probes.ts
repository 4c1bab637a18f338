/** The probers of a pod's running containers. */
import type { Container, Pod } from '../../kinds/index.ts';
import { type ProbeOutcome, Prober, runProbe } from '../probes/index.ts';
import { fieldOf, type PodContainer, statusesOf } from './container-role.ts';
import type { PodContext } from './context.ts';
import { newest, type Observed, type ObservedContainer } from './observed.ts';
import { isSidecar } from './plan.ts';

const VERB = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' } as const;

export class PodProbes {
  readonly #context: PodContext;
  readonly #onChange: () => void;
  /** By container id: a new run is a new prober. */
  readonly #probers = new Map<string, Prober>();

  constructor(context: PodContext, onChange: () => void) {
    this.#context = context;
    this.#onChange = onChange;
  }

  /** Makes probers for containers that run and ends those of runs that are over. */
  sync(pod: Pod, observed: Observed): void {
    if (!this.#context.real) return;
    const alive = new Set<string>();
    const consider = (which: PodContainer): void => {
      const { container } = which;
      const run = newest(observed, container.name);
      if (run?.state !== 'running') return;
      alive.add(run.id);
      if (!this.#probers.has(run.id)) this.#probers.set(run.id, this.#create(pod, { ...which, run, observed }));
    };
    for (const container of pod.spec?.containers ?? []) consider({ container, role: 'main' });
    for (const container of pod.spec?.initContainers ?? [])
      if (isSidecar(container)) consider({ container, role: 'init' });
    for (const [id, prober] of this.#probers) {
      if (alive.has(id)) continue;
      prober.stop();
      this.#probers.delete(id);
    }
  }

  #create(pod: Pod, of: PodContainer & { run: ObservedContainer; observed: Observed }): Prober {
    const { container, role, run, observed } = of;
    const { clock, runtime } = this.#context;
    const known = statusesOf(pod.status, role).find((status) => status.containerID?.endsWith(`//${run.id}`));
    const podIP = (pod.spec?.hostNetwork ? this.#context.node().hostIPs : observed.sandbox?.ips)?.[0] ?? '';
    return new Prober({
      container,
      startedAt: run.startedAt,
      clock,
      wasReady: known?.ready ?? false,
      wasStarted: known?.started ?? false,
      probe: (_type, probe) => {
        const timeout = probe.timeoutSeconds || 1;
        return runProbe({ probe, container, containerId: run.id, podIP, runtime, timeout });
      },
      onChange: this.#onChange,
      onTrouble: (outcome) => this.#tell(pod, fieldOf(of), outcome),
    });
  }

  #tell(pod: Pod, field: string, { type, result }: ProbeOutcome): void {
    const { events } = this.#context;
    const verb = VERB[type];
    if (result.outcome === 'warning') {
      events.pod(pod, 'Warning', 'ProbeWarning', `${verb} probe warning: ${result.output}`, field);
    } else if (result.outcome === 'unknown') {
      const text = `${verb} probe errored and resulted in unknown state: ${result.output}`;
      events.pod(pod, 'Warning', 'Unhealthy', text, field);
    } else {
      events.pod(pod, 'Warning', 'Unhealthy', `${verb} probe failed: ${result.output}`, field);
    }
  }

  isStarted(run: ObservedContainer): boolean {
    return this.#probers.get(run.id)?.started ?? !this.#context.real;
  }

  isReady(run: ObservedContainer): boolean {
    return this.#probers.get(run.id)?.ready ?? !this.#context.real;
  }

  /** The text of the Killing event for a container that a probe condemned. */
  verdict(container: Container, run: ObservedContainer): string | undefined {
    const failed = this.#probers.get(run.id)?.failed;
    return failed === undefined ? undefined : `Container ${container.name} failed ${failed} probe, will be restarted`;
  }

  /** Seconds that the condemning probe gives the container to end, where it says so. */
  graceOf(container: Container, run: ObservedContainer): number | undefined {
    const failed = this.#probers.get(run.id)?.failed;
    const probe = failed === 'startup' ? container.startupProbe : container.livenessProbe;
    return failed === undefined ? undefined : probe?.terminationGracePeriodSeconds;
  }

  /** The pod ends: nothing is killed for its probes any more, readiness is still watched. */
  stopKilling(): void {
    for (const prober of this.#probers.values()) prober.stopKilling();
  }

  stop(): void {
    for (const prober of this.#probers.values()) prober.stop();
    this.#probers.clear();
  }
}
