import type { Pod } from '../../kinds/index.ts';
import { isReadyPod, readySince } from './pods.ts';
import { parseTime } from './time.ts';

const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
const PHASES: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

/**
 * Pods in the order in which they are best given up: unassigned first, then pending, not ready, of low deletion cost,
 * doubled up on a node, ready for a shorter time, restarted more often, created later. Times are compared by order of
 * magnitude, so that equally old pods are chosen evenly. Upstream: controller.ActivePodsWithRanks.
 *
 * `related` are all pods that serve the same purpose, for counting how many share a node.
 */
export function rankForDeletion(pods: readonly Pod[], related: readonly Pod[], now: number): Pod[] {
  const onNode = new Map<string, number>();
  for (const pod of related) {
    const node = pod.spec?.nodeName;
    if (node) onNode.set(node, (onNode.get(node) ?? 0) + 1);
  }
  const keys = new Map(pods.map((pod) => [pod, deletionKey(pod, onNode, now)]));
  return [...pods].sort(
    (a, b) => compareKeys(keys.get(a)!, keys.get(b)!) || compareText(a.metadata.uid, b.metadata.uid),
  );
}

/** Compared number by number; the pod with the smaller key goes first. */
function deletionKey(pod: Pod, onNode: ReadonlyMap<string, number>, now: number): number[] {
  const restarts = (pod.status?.containerStatuses ?? []).map((status) => status.restartCount);
  return [
    pod.spec?.nodeName ? 1 : 0,
    PHASES[pod.status?.phase ?? ''] ?? 0,
    isReadyPod(pod) ? 1 : 0,
    Number(pod.metadata.annotations?.[DELETION_COST] ?? 0) || 0,
    -(onNode.get(pod.spec?.nodeName ?? '') ?? 0),
    magnitude(readySince(pod), now),
    -Math.max(0, ...restarts),
    magnitude(parseTime(pod.metadata.creationTimestamp), now),
  ];
}

/** Upstream compares durations in nanoseconds by the floor of their binary logarithm. */
function magnitude(since: number | undefined, now: number): number {
  if (since === undefined || Number.isNaN(since)) return -1;
  const age = (now - since) * 1e6;
  return age <= 0 ? 0 : Math.floor(Math.log2(age));
}

function compareKeys(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at === -1 ? 0 : a[at]! - b[at]!;
}

function compareText(a = '', b = ''): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
