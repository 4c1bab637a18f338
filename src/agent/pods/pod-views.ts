/** What the status of a pod is made of, gathered per container. */
import type { Container, Pod } from '../../kinds/index.ts';
import type { ContainerView, Waiting } from './container-state.ts';
import type { Observed } from './observed.ts';
import { isSidecar, restarts } from './plan.ts';
import type { PodProbes } from './pod-probes.ts';

export interface ViewSources {
  pod: Pod;
  observed: Observed;
  probes: PodProbes;
  waitingOf(name: string): Waiting | undefined;
  /** The pod has come to its end or is on the way: nothing waits any more. */
  ended: boolean;
}

export function podViews(sources: ViewSources): { init: ContainerView[]; containers: ContainerView[] } {
  return {
    init: (sources.pod.spec?.initContainers ?? []).map((container) => viewOf(sources, container, true)),
    containers: (sources.pod.spec?.containers ?? []).map((container) => viewOf(sources, container, false)),
  };
}

function viewOf(
  { pod, observed, probes, waitingOf, ended }: ViewSources,
  container: Container,
  isInit: boolean,
): ContainerView {
  const runs = (observed.containers.get(container.name) ?? []).filter((run) => run.state !== 'created');
  const run = runs[0];
  const isPlainInit = isInit && !isSidecar(container);
  const running = run?.state === 'running';
  const statuses = isInit ? pod.status?.initContainerStatuses : pod.status?.containerStatuses;
  return {
    container,
    isInit,
    runs,
    waiting: ended ? undefined : waitingOf(container.name),
    restarts: run !== undefined && restarts(pod, container, run.exitCode, isInit),
    started: running && (isPlainInit || probes.isStarted(run)),
    ready: isPlainInit ? run?.state === 'exited' && run.exitCode === 0 : running && probes.isReady(run),
    old: statuses?.find((status) => status.name === container.name),
    ended,
  };
}
