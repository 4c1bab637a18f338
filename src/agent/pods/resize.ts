/** Brings changed requests and limits to running containers. Upstream: kuberuntime doPodResizeAction. */
import type { Container, Pod } from '../../kinds/index.ts';
import type { ContainerRuntime, LinuxResources } from '../runtime/contract.ts';
import { RESOURCES } from './labels.ts';
import { newest, type Observed, type ObservedContainer } from './observed.ts';
import { linuxResources } from './resources.ts';

const CPU = ['cpuShares', 'cpuQuota', 'cpuPeriod'] as const;

const text = (resources: LinuxResources): string => JSON.stringify(resources);

export class PodResizer {
  readonly #runtime: ContainerRuntime;
  /** What a run was last given, by container id; before that it is what it was created with. */
  readonly #applied = new Map<string, string>();

  constructor(runtime: ContainerRuntime) {
    this.#runtime = runtime;
  }

  #wanted(pod: Pod, container: Container, run: ObservedContainer, memoryCapacity: number): LinuxResources | undefined {
    const had = this.#applied.get(run.id) ?? run.annotations[RESOURCES];
    const wanted = linuxResources(pod, container, memoryCapacity);
    return had === undefined || had === text(wanted) ? undefined : wanted;
  }

  /** Why a run must be replaced: a resource changed whose policy asks for a restart. */
  verdict(pod: Pod, container: Container, run: ObservedContainer, memoryCapacity: number): string | undefined {
    const wanted = this.#wanted(pod, container, run, memoryCapacity);
    if (wanted === undefined) return undefined;
    const had = JSON.parse(this.#applied.get(run.id) ?? run.annotations[RESOURCES] ?? '{}') as LinuxResources;
    const changed = new Set<string>();
    if (CPU.some((field) => had[field] !== wanted[field])) changed.add('cpu');
    if (had.memoryLimitInBytes !== wanted.memoryLimitInBytes) changed.add('memory');
    const restart = container.resizePolicy?.some(
      (p) => p.restartPolicy === 'RestartContainer' && changed.has(p.resourceName),
    );
    return restart ? `Container ${container.name} resize requires restart` : undefined;
  }

  /** Changes the limits of running containers in place. */
  async apply(pod: Pod, observed: Observed, memoryCapacity: number): Promise<void> {
    for (const container of pod.spec?.containers ?? []) {
      const run = newest(observed, container.name);
      if (run?.state !== 'running') continue;
      const wanted = this.#wanted(pod, container, run, memoryCapacity);
      if (wanted === undefined || this.verdict(pod, container, run, memoryCapacity) !== undefined) continue;
      // The score is fixed when a container starts.
      const { oomScoreAdj: _, ...limits } = wanted;
      await this.#runtime.updateContainerResources(run.id, { cpuQuota: -1, cpuPeriod: 100_000, ...limits });
      this.#applied.set(run.id, text(wanted));
    }
  }
}
