/** What a pod needs done next, from what it asks for and what the runtime shows. Pure. Upstream: computePodActions. */
import type { Container, Pod } from '../../kinds/index.ts';
import { ephemeralContainersOf, type PodContainer } from './container-role.ts';
import { CONTAINER_HASH, containerHash } from './labels.ts';
import { newest, type Observed, type ObservedContainer } from './observed.ts';

export interface PlanInput {
  pod: Pod;
  observed: Observed;
  /** Whether a running container has passed its startup probe and its postStart hook. */
  isStarted(container: Container, status: ObservedContainer): boolean;
  /** Why a running container must be replaced, as the Killing event says it. */
  unhealthy(container: Container, status: ObservedContainer): string | undefined;
}

export interface PlannedKill {
  container: Container;
  status: ObservedContainer;
  message: string;
}

export interface Plan {
  /** Number of the sandbox to create; the old one is stopped before. */
  newSandbox: number | undefined;
  start: PodContainer[];
  kill: PlannedKill[];
  /** Nothing will run any more: sidecars and sandbox can be stopped. */
  finished: boolean;
}

export const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always';

/** Whether a container that ended is to run again. */
export function restarts(pod: Pod, { container, role }: PodContainer, exitCode: number): boolean {
  if (role === 'ephemeral') return false;
  const isInit = role === 'init';
  if (isInit && isSidecar(container)) return true;
  const policy = pod.spec?.restartPolicy ?? 'Always';
  if (isInit) return exitCode !== 0 && policy !== 'Never';
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

const isUsable = (observed: Observed): boolean =>
  observed.sandbox?.state === 'ready' && (observed.sandbox.hostNetwork || observed.sandbox.ips.length > 0);

/** Whether every container of the pod proper has ended for good. */
function isDone(pod: Pod, observed: Observed): boolean {
  return (pod.spec?.containers ?? []).every((container) => {
    const status = newest(observed, container.name);
    return status?.state === 'exited' && !restarts(pod, { container, role: 'main' }, status.exitCode);
  });
}

export function planPod(input: PlanInput): Plan {
  const { pod, observed } = input;
  const plan: Plan = { newSandbox: undefined, start: [], kill: [], finished: false };
  if (isDone(pod, observed)) return { ...plan, finished: true };
  if (!isUsable(observed)) {
    const ran = (pod.spec?.containers ?? []).some((container) => newest(observed, container.name) !== undefined);
    if (ran && pod.spec?.restartPolicy === 'Never') return { ...plan, finished: true };
    plan.newSandbox = (observed.sandboxes[0]?.metadata.attempt ?? -1) + 1;
    return plan;
  }
  planEphemeral(input, plan);
  if (!planInit(input, plan) || plan.finished) return plan;
  for (const container of pod.spec?.containers ?? []) planContainer(input, plan, { container, role: 'main' });
  return plan;
}

const inSandbox = (observed: Observed, status: ObservedContainer | undefined): ObservedContainer | undefined =>
  status?.sandboxId === observed.sandbox?.id ? status : undefined;

/** Answers whether the containers of the pod proper may run. */
function planInit(input: PlanInput, plan: Plan): boolean {
  const { pod, observed } = input;
  const initialized = (pod.spec?.containers ?? []).some(
    (container) => inSandbox(observed, newest(observed, container.name)) !== undefined,
  );
  for (const container of pod.spec?.initContainers ?? []) {
    const status = inSandbox(observed, newest(observed, container.name));
    if (isSidecar(container)) {
      planContainer(input, plan, { container, role: 'init' });
      if (!initialized && (status?.state !== 'running' || !input.isStarted(container, status))) return false;
    } else if (!initialized && !(status?.state === 'exited' && status.exitCode === 0)) {
      if (status?.state === 'exited' && !restarts(pod, { container, role: 'init' }, status.exitCode))
        plan.finished = true;
      else planContainer(input, plan, { container, role: 'init' });
      return false;
    }
  }
  return true;
}

/** Debug containers do not wait for the pod's own, and run once. */
function planEphemeral({ pod, observed }: PlanInput, plan: Plan): void {
  for (const container of ephemeralContainersOf(pod)) {
    const status = newest(observed, container.name);
    if (status === undefined || status.state === 'created') plan.start.push({ container, role: 'ephemeral' });
  }
}

function planContainer(input: PlanInput, plan: Plan, which: PodContainer): void {
  const { container, role } = which;
  const { pod, observed } = input;
  const status = newest(observed, container.name);
  if (status === undefined || (status.state !== 'running' && inSandbox(observed, status) === undefined)) {
    if (status === undefined || role === 'init' || restarts(pod, which, status.exitCode)) plan.start.push(which);
    return;
  }
  if (status.state === 'exited') {
    if (restarts(pod, which, status.exitCode)) plan.start.push(which);
    return;
  }
  // Created and never started: the agent ended between the two.
  if (status.state === 'created') {
    plan.start.push(which);
    return;
  }
  const hash = status.annotations[CONTAINER_HASH];
  const message =
    status.state === 'unknown'
      ? `Container ${container.name} is in unknown state, try killing it before restart`
      : hash !== undefined && hash !== containerHash(container)
        ? `Container ${container.name} definition changed, will be restarted`
        : input.unhealthy(container, status);
  if (message !== undefined) plan.kill.push({ container, status, message });
}
