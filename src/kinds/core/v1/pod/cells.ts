/** The row of a pod. Upstream: printers/internalversion printPod. */
import { formatAge } from '../../../../machinery/age.ts';
import { age, NONE, nameOf, orNone } from '../../../cells/text.ts';
import type { ContainerStatus, Pod } from '../../../generated/types/core-v1.ts';

interface Restarts {
  count: number;
  /** Milliseconds since the epoch of the last one; 0 for none. */
  last: number;
}

const endedAt = (status: ContainerStatus): number => Date.parse(status.lastState?.terminated?.finishedAt ?? '') || 0;

function addRestarts(restarts: Restarts, status: ContainerStatus): void {
  restarts.count += status.restartCount ?? 0;
  restarts.last = Math.max(restarts.last, endedAt(status));
}

function signalOrCode(terminated: { signal?: number; exitCode: number }): string {
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`;
}

interface Init {
  /** Why the pod is still starting; undefined when its init containers are done. */
  reason?: string;
  restarts: Restarts;
  sidecars: Restarts;
  ready: number;
  total: number;
}

function initialization(pod: Pod): Init {
  const specs = new Map((pod.spec.initContainers ?? []).map((container) => [container.name, container]));
  const sidecar = (name: string): boolean => specs.get(name)?.restartPolicy === 'Always';
  const out: Init = { restarts: { count: 0, last: 0 }, sidecars: { count: 0, last: 0 }, ready: 0, total: 0 };
  out.total = [...specs.keys()].filter(sidecar).length;
  for (const [index, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    addRestarts(out.restarts, status);
    if (sidecar(status.name)) addRestarts(out.sidecars, status);
    const { terminated, waiting } = status.state ?? {};
    if (terminated?.exitCode === 0 && terminated) continue;
    if (sidecar(status.name) && status.started) {
      if (status.ready) out.ready++;
      continue;
    }
    if (terminated) out.reason = `Init:${terminated.reason || signalOrCode(terminated)}`;
    else if (waiting?.reason && waiting.reason !== 'PodInitializing') out.reason = `Init:${waiting.reason}`;
    else out.reason = `Init:${index}/${specs.size}`;
    break;
  }
  return out;
}

const condition = (pod: Pod, type: string): string | undefined =>
  pod.status?.conditions?.find((item) => item.type === type)?.status;

interface Summary {
  reason: string;
  ready: number;
  total: number;
  restarts: Restarts;
}

/** The state of the ordinary containers over a pod whose init containers are done. */
function running(pod: Pod, summary: Summary): void {
  const statuses = pod.status?.containerStatuses ?? [];
  let hasRunning = false;
  let failed = false;
  for (const status of [...statuses].reverse()) {
    addRestarts(summary.restarts, status);
    const { waiting, terminated, running: started } = status.state ?? {};
    if (waiting?.reason) summary.reason = waiting.reason;
    else if (terminated) {
      // That one container ended well does not hide that another did not.
      const reason = terminated.reason || signalOrCode(terminated);
      if (reason !== 'Completed' || !failed) summary.reason = reason;
      failed ||= terminated.exitCode !== 0;
    } else if (status.ready && started) {
      hasRunning = true;
      summary.ready++;
    }
  }
  if (summary.reason === 'Completed' && hasRunning)
    summary.reason = condition(pod, 'Ready') === 'True' ? 'Running' : 'NotReady';
}

function summarize(pod: Pod): Summary {
  const init = initialization(pod);
  const scheduled = pod.status?.conditions?.find((item) => item.type === 'PodScheduled');
  const phase = pod.status?.phase ?? '';
  const summary: Summary = {
    reason: pod.status?.reason || phase,
    ready: init.ready,
    total: (pod.spec.containers?.length ?? 0) + init.total,
    restarts: init.restarts,
  };
  if (scheduled?.reason === 'SchedulingGated') summary.reason = 'SchedulingGated';
  if (init.reason !== undefined) summary.reason = init.reason;
  if (init.reason === undefined || condition(pod, 'Initialized') === 'True') {
    summary.restarts = { ...init.sidecars };
    running(pod, summary);
  }
  if (pod.metadata.deletionTimestamp === undefined) return summary;
  if (pod.status?.reason === 'NodeLost') summary.reason = 'Unknown';
  else if (phase !== 'Succeeded' && phase !== 'Failed') summary.reason = 'Terminating';
  return summary;
}

function readinessGates(pod: Pod): string {
  const gates = pod.spec.readinessGates ?? [];
  if (gates.length === 0) return NONE;
  const met = gates.filter((gate) => condition(pod, gate.conditionType) === 'True').length;
  return `${met}/${gates.length}`;
}

export function podCells(pod: Pod, now: number): unknown[] {
  const { reason, ready, total, restarts } = summarize(pod);
  const count =
    restarts.count > 0 && restarts.last > 0
      ? `${restarts.count} (${formatAge(new Date(restarts.last).toISOString(), now)} ago)`
      : String(restarts.count);
  return [
    nameOf(pod),
    `${ready}/${total}`,
    reason,
    count,
    age(pod, now),
    orNone(pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP),
    orNone(pod.spec.nodeName),
    orNone(pod.status?.nominatedNodeName),
    readinessGates(pod),
  ];
}

/** A pod that is over says how. */
export function podRowConditions({ status }: Pod): readonly object[] {
  const over = (reason: string, message: string): readonly object[] => [
    { type: 'Completed', status: 'True', reason, message },
  ];
  if (status?.phase === 'Succeeded') return over('Succeeded', 'The pod has completed successfully.');
  return status?.phase === 'Failed' ? over('Failed', 'The pod failed.') : [];
}
