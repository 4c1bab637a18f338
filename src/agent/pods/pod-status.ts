/** The status of a pod as kubelet reports it. Pure. Upstream: kubelet_pods.go generateAPIPodStatus, status/generate.go. */
import type { Container, ContainerStatus, Pod, PodCondition, PodStatus } from '../../kinds/index.ts';
import { apiTime } from '../../machinery/time.ts';
import type { ContainerRole } from './container-role.ts';
import { type ContainerView, containerStatusOf, type StateFacts } from './container-state.ts';
import type { Observed } from './observed.ts';
import { isSidecar } from './plan.ts';
import { qosClass } from './qos.ts';

export interface StatusInput {
  pod: Pod;
  observed: Observed;
  now: number;
  hostIPs: readonly string[];
  views: Readonly<Record<ContainerRole, readonly ContainerView[]>>;
  facts: StateFacts;
  /** Ends the pod for a reason outside its containers (deadline, eviction, refusal). */
  failure?: { reason: string; message: string } | undefined;
  /** Nothing of it runs any more, and nothing will. */
  finished: boolean;
  /** Last status handed out: keeps times of conditions. */
  previous: PodStatus | undefined;
}

type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

/** Upstream: getPhase. */
function phaseOf(input: StatusInput, init: readonly ContainerStatus[], containers: readonly ContainerStatus[]): Phase {
  const { pod } = input;
  const policy = pod.spec?.restartPolicy ?? 'Always';
  let pendingInit = 0;
  let failedInit = 0;
  for (const [index, status] of init.entries()) {
    const container = pod.spec?.initContainers?.[index] as Container;
    const { waiting, running, terminated } = status.state ?? {};
    if (isSidecar(container)) {
      if (!status.started && !containers.some((c) => c.containerID)) pendingInit++;
      continue;
    }
    if (running) pendingInit++;
    else if (terminated) failedInit += terminated.exitCode === 0 ? 0 : 1;
    else if (waiting) {
      const last = status.lastState?.terminated;
      if (last === undefined) pendingInit++;
      else if (last.exitCode !== 0) failedInit++;
    }
  }
  if (failedInit > 0 && policy === 'Never') return 'Failed';
  const count = { waiting: 0, running: 0, stopped: 0, succeeded: 0 };
  for (const { state, lastState } of containers) {
    if (state?.running) count.running++;
    else if (state?.terminated) {
      count.stopped++;
      if (state.terminated.exitCode === 0) count.succeeded++;
    } else if (lastState?.terminated) count.stopped++;
    else count.waiting++;
  }
  if (pendingInit > 0 || (failedInit > 0 && policy !== 'Never')) return 'Pending';
  if (count.waiting > 0) return 'Pending';
  if (count.running > 0) return 'Running';
  if (count.stopped === 0) return 'Pending';
  if (policy === 'Always') return 'Running';
  if (count.stopped === count.succeeded) return 'Succeeded';
  return policy === 'Never' ? 'Failed' : 'Running';
}

const list = (names: readonly string[]): string => `[${names.join(' ')}]`;

type Condition = Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'>;

function containersReady(statuses: readonly ContainerStatus[], phase: Phase): Condition {
  const type = 'ContainersReady';
  if (phase === 'Succeeded') return { type, status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { type, status: 'False', reason: 'PodFailed' };
  const unready = statuses.filter((status) => !status.ready).map((status) => status.name);
  if (unready.length === 0) return { type, status: 'True' };
  return {
    type,
    status: 'False',
    reason: 'ContainersNotReady',
    message: `containers with unready status: ${list(unready)}`,
  };
}

function podReady(pod: Pod, containers: Condition): Condition {
  const type = 'Ready';
  if (containers.status !== 'True') return { ...containers, type };
  const problems = (pod.spec?.readinessGates ?? []).flatMap(({ conditionType }) => {
    const condition = pod.status?.conditions?.find((c) => c.type === conditionType);
    if (condition === undefined)
      return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    return condition.status === 'True'
      ? []
      : [`the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`];
  });
  if (problems.length === 0) return { type, status: 'True' };
  return { type, status: 'False', reason: 'ReadinessGatesNotReady', message: problems.join(', ') };
}

function initialized(
  pod: Pod,
  init: readonly ContainerStatus[],
  containers: readonly ContainerStatus[],
  phase: Phase,
): Condition {
  const type = 'Initialized';
  if (phase === 'Succeeded') return { type, status: 'True', reason: 'PodCompleted' };
  const running = containers.some((status) => status.containerID !== undefined);
  const incomplete = init.filter((status, index) => {
    if (running) return false;
    return isSidecar(pod.spec?.initContainers?.[index] as Container) ? !status.started : !status.ready;
  });
  if (incomplete.length === 0) return { type, status: 'True' };
  const message = `containers with incomplete status: ${list(incomplete.map((status) => status.name))}`;
  return { type, status: 'False', reason: 'ContainersNotInitialized', message };
}

function sandboxReady(observed: Observed, finished: boolean): Condition {
  const { sandbox } = observed;
  const ready = !finished && sandbox?.state === 'ready' && (sandbox.hostNetwork || sandbox.ips.length > 0);
  return { type: 'PodReadyToStartContainers', status: ready ? 'True' : 'False' };
}

/** Tells a Job that the pod is not to blame. */
const disruption = (message: string): Condition => ({
  type: 'DisruptionTarget',
  status: 'True',
  reason: 'TerminationByKubelet',
  message,
});

/** Conditions in upstream's order, each with the time of its last change; those of others are kept behind. */
function mergeConditions(input: StatusInput, own: readonly Condition[]): PodCondition[] {
  const { pod, previous, now } = input;
  const known = new Map((previous?.conditions ?? pod.status?.conditions ?? []).map((c) => [c.type, c]));
  const generation = pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation };
  const merged = own.map((condition): PodCondition => {
    const old = known.get(condition.type);
    const same = old?.status === condition.status && old.lastTransitionTime;
    return {
      ...condition,
      ...generation,
      lastProbeTime: null,
      lastTransitionTime: same ? old.lastTransitionTime : apiTime(now),
    };
  });
  const names = new Set(own.map((condition) => condition.type));
  const others = (pod.status?.conditions ?? []).filter((condition) => !names.has(condition.type));
  return [...merged, ...others];
}

const TERMINAL = new Set(['Succeeded', 'Failed']);

export function podStatus(input: StatusInput): PodStatus {
  const { pod, observed, hostIPs, views, facts, failure, previous } = input;
  const init = views.init.map((view) => containerStatusOf(view, facts));
  const containers = views.main.map((view) => containerStatusOf(view, facts));
  const ephemeral = views.ephemeral.map((view) => containerStatusOf(view, facts));
  const before = pod.status?.phase;
  let phase = failure ? 'Failed' : phaseOf(input, init, containers);
  if (before !== undefined && TERMINAL.has(before)) phase = before as Phase;
  // Deleted with nothing left running: a pod that would otherwise restart has come to its end.
  if (input.finished && !TERMINAL.has(phase)) {
    const ok = containers.length > 0 && containers.every((status) => exitCode(status) === 0);
    phase = ok ? 'Succeeded' : 'Failed';
  }
  const ready = containersReady(containers, phase);
  const ips = pod.spec?.hostNetwork ? hostIPs : (observed.sandbox?.ips ?? []);
  const podIPs = ips.length > 0 ? ips.map((ip) => ({ ip })) : previous?.podIPs;
  const scheduled: Condition = { type: 'PodScheduled', status: 'True' };
  const status: PodStatus = {
    phase,
    conditions: mergeConditions(input, [
      sandboxReady(observed, input.finished),
      initialized(pod, init, containers, phase),
      podReady(pod, ready),
      ready,
      scheduled,
      ...(failure?.reason === 'Evicted' ? [disruption(failure.message)] : []),
    ]),
    hostIPs: hostIPs.map((ip) => ({ ip })),
    startTime: previous?.startTime ?? pod.status?.startTime ?? apiTime(input.now),
    qosClass: pod.status?.qosClass ?? qosClass(pod),
    containerStatuses: containers,
  };
  if (pod.metadata.generation !== undefined) status.observedGeneration = pod.metadata.generation;
  if (hostIPs[0] !== undefined) status.hostIP = hostIPs[0];
  if (podIPs?.[0] !== undefined) Object.assign(status, { podIP: podIPs[0].ip, podIPs });
  if (init.length > 0) status.initContainerStatuses = init;
  if (ephemeral.length > 0) status.ephemeralContainerStatuses = ephemeral;
  const reason =
    failure ?? (pod.status?.reason ? { reason: pod.status.reason, message: pod.status.message ?? '' } : undefined);
  if (reason !== undefined) Object.assign(status, reason);
  return status;
}

const exitCode = (status: ContainerStatus): number | undefined =>
  status.state?.terminated?.exitCode ?? status.lastState?.terminated?.exitCode;
