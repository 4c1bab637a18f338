import type { Node, NodeCondition, Taint } from '../../kinds/index.ts';
import { apiTime } from '../../machinery/time.ts';
import { sameJson } from '../runtime/canonical.ts';

export const NOT_READY = 'node.kubernetes.io/not-ready';
const UNREACHABLE = 'node.kubernetes.io/unreachable';
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';

/** Taints that keep new pods away while a condition has a status. Upstream: nodeConditionToTaintKeyStatusMap. */
const BY_CONDITION: readonly (readonly [type: string, status: string, taint: string])[] = [
  ['Ready', 'False', NOT_READY],
  ['Ready', 'Unknown', UNREACHABLE],
  ['MemoryPressure', 'True', 'node.kubernetes.io/memory-pressure'],
  ['DiskPressure', 'True', 'node.kubernetes.io/disk-pressure'],
  ['NetworkUnavailable', 'True', 'node.kubernetes.io/network-unavailable'],
  ['PIDPressure', 'True', 'node.kubernetes.io/pid-pressure'],
];

const OWN_KEYS = new Set([UNSCHEDULABLE, ...BY_CONDITION.map(([, , taint]) => taint)]);

export function readyStatus(conditions: readonly NodeCondition[] | undefined): string | undefined {
  return conditions?.find(({ type }) => type === 'Ready')?.status;
}

/** Whether pods are driven off a node: begin with it, go on where it has begun, or leave them all alone. */
export type Eviction = 'start' | 'keep' | 'stop';

export interface TaintsInput {
  node: Node;
  /** The conditions that hold, which may be newer than the node's. */
  conditions: readonly NodeCondition[];
  eviction: Eviction;
  now: number;
}

/**
 * The taints that a node should have: its conditions' and, when it is not ready, the one that drives pods off. Taints
 * of others are left alone. Gives undefined when nothing changes.
 */
export function wantedTaints({ node, conditions, eviction, now }: TaintsInput): Taint[] | undefined {
  const current = node.spec?.taints ?? [];
  const wanted = current.filter(({ key }) => !OWN_KEYS.has(key));
  const add = (key: string, effect: string) => {
    const old = current.find((taint) => taint.key === key && taint.effect === effect);
    wanted.push(old ?? { key, effect, timeAdded: apiTime(now) });
  };
  for (const [type, status, key] of BY_CONDITION) {
    const condition = conditions.find((candidate) => candidate.type === type);
    if (condition?.status !== status) continue;
    add(key, 'NoSchedule');
    if (type !== 'Ready') continue;
    if (eviction === 'start' || (eviction === 'keep' && isDrivenOff(node))) add(key, 'NoExecute');
  }
  if (node.spec?.unschedulable) add(UNSCHEDULABLE, 'NoSchedule');
  const byText = (taints: readonly Taint[]) => taints.map((taint) => `${taint.key}:${taint.effect}`).sort();
  return sameJson(byText(current), byText(wanted)) ? undefined : wanted;
}

/** Whether pods are being driven off a node for not being ready. */
export function isDrivenOff({ spec }: Node): boolean {
  return (
    spec?.taints?.some(({ effect, key }) => effect === 'NoExecute' && (key === NOT_READY || key === UNREACHABLE)) ===
    true
  );
}
