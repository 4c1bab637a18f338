import type { Pod } from '../../kinds/index.ts';
import { parseTime } from './time.ts';

/** Neither finished nor being deleted. Upstream: controller.IsPodActive. */
export function isActivePod(pod: Pod): boolean {
  return !isFinishedPod(pod) && pod.metadata.deletionTimestamp === undefined;
}

/** Succeeded or failed. */
export function isFinishedPod(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** Its Ready condition is true. */
export function isReadyPod(pod: Pod): boolean {
  return readyCondition(pod)?.status === 'True';
}

/** Since when a pod has been ready, in milliseconds since the epoch; undefined when it is not. */
export function readySince(pod: Pod): number | undefined {
  const condition = readyCondition(pod);
  return condition?.status === 'True' ? parseTime(condition.lastTransitionTime) : undefined;
}

/** When a pod became ready or ceased to be, in milliseconds since the epoch; NaN when it never was told. */
export function readyTransition(pod: Pod): number {
  return parseTime(readyCondition(pod)?.lastTransitionTime);
}

/** Milliseconds until a pod counts as available: 0 when it does, undefined when it is not ready. */
export function availableIn(pod: Pod, minReadySeconds: number, now: number): number | undefined {
  const since = readySince(pod);
  if (since === undefined) return undefined;
  if (minReadySeconds === 0) return 0;
  return Number.isNaN(since) ? undefined : Math.max(0, since + minReadySeconds * 1000 - now);
}

function readyCondition(pod: Pod) {
  return pod.status?.conditions?.find((condition) => condition.type === 'Ready');
}
