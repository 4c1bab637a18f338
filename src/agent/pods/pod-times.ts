import type { Pod, PodStatus } from '../../kinds/index.ts';
import { parseTimestamp } from '../timestamp.ts';

const DEFAULT_GRACE = 30;

/** Seconds that a pod has to end. One that was deleted by force still gets one. */
export function graceSeconds(pod: Pod, forgotten: boolean): number {
  if (forgotten) return 1;
  return Math.max(
    1,
    pod.metadata.deletionGracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE,
  );
}

/** When a pod has been active for as long as it may (milliseconds since the epoch). */
export function activeDeadline(pod: Pod, status: PodStatus | undefined): number | undefined {
  const seconds = pod.spec?.activeDeadlineSeconds;
  const start = parseTimestamp(status?.startTime);
  return seconds === undefined || start === undefined ? undefined : start + seconds * 1000;
}
