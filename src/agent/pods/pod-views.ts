/** What the status of a pod is made of, gathered per container. */
import type { Pod } from '../../kinds/index.ts';
import { type ContainerRole, containersOf, type PodContainer, statusesOf } from './container-role.ts';
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

export function podViews(sources: ViewSources): Record<ContainerRole, ContainerView[]> {
  const views: Record<ContainerRole, ContainerView[]> = { init: [], main: [], ephemeral: [] };
  for (const which of containersOf(sources.pod)) views[which.role].push(viewOf(sources, which));
  return views;
}

function viewOf({ pod, observed, probes, waitingOf, ended }: ViewSources, which: PodContainer): ContainerView {
  const { container, role } = which;
  const runs = (observed.containers.get(container.name) ?? []).filter((run) => run.state !== 'created');
  const run = runs[0];
  const isPlainInit = role === 'init' && !isSidecar(container);
  const running = run?.state === 'running';
  return {
    container,
    role,
    runs,
    waiting: ended ? undefined : waitingOf(container.name),
    restarts: run !== undefined && restarts(pod, which, run.exitCode),
    started: running && (isPlainInit || probes.isStarted(run)),
    ready: isPlainInit ? run?.state === 'exited' && run.exitCode === 0 : running && probes.isReady(run),
    old: statusesOf(pod.status, role).find((status) => status.name === container.name),
    ended,
  };
}
