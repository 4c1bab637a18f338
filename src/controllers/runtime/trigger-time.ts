import type { Pod, Service } from '../../kinds/index.ts';
import { apiTime } from '../../machinery/time.ts';
import { readyTransition } from './pods.ts';
import { parseTime } from './time.ts';

/** When that happened because of which endpoints were written last, for measuring how long it takes them to arrive. */
export const LAST_CHANGE = 'endpoints.kubernetes.io/last-change-trigger-time';

/**
 * `annotations` with the time of the earliest change of the service or its pods that `previous`, the times on what was
 * written before, do not cover; without a time when there is none, as when a pod was removed.
 * Upstream: endpointslice/util TriggerTimeTracker, which keeps this in memory.
 */
export function withTriggerTime(
  annotations: Readonly<Record<string, string>> | undefined,
  { service, pods }: { service: Service; pods: readonly Pod[] },
  previous: readonly (string | undefined)[],
): Record<string, string> {
  const { [LAST_CHANGE]: _, ...others } = annotations ?? {};
  const covered = Math.max(...previous.map((time) => parseTime(time)).filter((time) => !Number.isNaN(time)), 0);
  // Written before, but for no change of which a time is known: the latest is the likeliest reason.
  const choose = covered === 0 && previous.length > 0 ? Math.max : Math.min;
  const times = [parseTime(service.metadata.creationTimestamp), ...pods.map(readyTransition)].filter(
    (time) => time > covered,
  );
  return times.length === 0 ? others : { ...others, [LAST_CHANGE]: apiTime(choose(...times)) };
}
