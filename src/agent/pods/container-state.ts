/** The status of one container as kubelet reports it. Upstream: kubelet_pods.go convertToAPIContainerStatuses. */
import type { Container, ContainerState, ContainerStatus, Pod } from '../../kinds/index.ts';
import { apiTime } from '../../machinery/time.ts';
import type { ContainerRole } from './container-role.ts';
import { type ObservedContainer, restartCountOf } from './observed.ts';

export interface Waiting {
  reason: string;
  message: string;
}

export interface ContainerView {
  container: Container;
  role: ContainerRole;
  /** Newest first, without those that were only created. */
  runs: readonly ObservedContainer[];
  waiting: Waiting | undefined;
  /** The pod's restart policy brings it back when it ended. */
  restarts: boolean;
  started: boolean;
  ready: boolean;
  /** What the API has. */
  old: ContainerStatus | undefined;
  /** The pod has come to its end or is on the way. */
  ended: boolean;
}

export interface StateFacts {
  pod: Pod;
  runtimeName: string;
  /** Text of the termination message of a run that ended. */
  terminationMessage(run: ObservedContainer): string;
}

function stateOf(run: ObservedContainer, facts: StateFacts): ContainerState {
  if (run.state === 'running') return { running: { startedAt: apiTime(run.startedAt) } };
  const terminated: NonNullable<ContainerState['terminated']> = {
    exitCode: run.exitCode,
    reason: run.reason || (run.exitCode === 0 ? 'Completed' : 'Error'),
    startedAt: run.startedAt > 0 ? apiTime(run.startedAt) : apiTime(0),
    finishedAt: apiTime(run.finishedAt),
    containerID: `${facts.runtimeName}://${run.id}`,
  };
  const message = facts.terminationMessage(run) || run.message;
  if (message !== '') terminated.message = message;
  return { terminated };
}

function mountStatuses(container: Container): Pick<ContainerStatus, 'volumeMounts'> {
  const mounts = container.volumeMounts ?? [];
  if (mounts.length === 0) return {};
  return {
    volumeMounts: mounts.map(({ name, mountPath, readOnly }) => ({
      name,
      mountPath,
      ...(readOnly ? { readOnly: true, recursiveReadOnly: 'Disabled' } : {}),
    })),
  };
}

function resourceStatuses({ resources }: Container): Pick<ContainerStatus, 'resources' | 'allocatedResources'> {
  const { requests, limits } = resources ?? {};
  return {
    ...(requests ? { allocatedResources: requests } : {}),
    resources: { ...(limits ? { limits } : {}), ...(requests ? { requests } : {}) },
  };
}

/** The status of a container, with the default for one that has not run. */
export function containerStatusOf(view: ContainerView, facts: StateFacts): ContainerStatus {
  const { container, runs, waiting, old } = view;
  const [run, previous] = runs;
  if (run === undefined && view.ended && old?.containerID) return lostStatus(old);
  if (run === undefined) {
    const hasInit = view.role !== 'ephemeral' && (facts.pod.spec?.initContainers ?? []).length > 0;
    const reason = hasInit ? 'PodInitializing' : 'ContainerCreating';
    const status: ContainerStatus = {
      name: container.name,
      state: { waiting: waiting ? waitingState(waiting) : { reason } },
      lastState: old?.lastState ?? {},
      ready: false,
      restartCount: old?.restartCount ?? 0,
      image: container.image ?? '',
      imageID: '',
      ...(view.role === 'ephemeral' ? {} : { started: false }),
    };
    return { ...status, ...mountStatuses(container) };
  }
  const state = stateOf(run, facts);
  const comesBack = waiting !== undefined && run.state !== 'running' && (view.restarts || view.role === 'init');
  return {
    name: container.name,
    state: comesBack ? { waiting: waitingState(waiting) } : state,
    lastState: comesBack ? state : previous ? stateOf(previous, facts) : {},
    ready: view.ready,
    restartCount: restartCountOf(run),
    image: run.image,
    imageID: run.imageRef,
    containerID: `${facts.runtimeName}://${run.id}`,
    ...(view.role === 'ephemeral' ? {} : { started: view.started }),
    ...resourceStatuses(container),
    ...mountStatuses(container),
  };
}

const waitingState = ({ reason, message }: Waiting) => (message === '' ? { reason } : { reason, message });

/** A container that the runtime has no trace of any more. */
function lostStatus(old: ContainerStatus): ContainerStatus {
  if (old.state?.terminated) return old;
  const message = 'The container could not be located when the pod was terminated';
  const terminated = { exitCode: 137, reason: 'ContainerStatusUnknown', message, startedAt: null, finishedAt: null };
  return { ...old, state: { terminated }, ready: false, started: false };
}
