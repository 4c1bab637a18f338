import { type Node, type Pod, pods, type Taint, type Toleration } from '../../kinds/index.ts';
import { apiTime } from '../../machinery/time.ts';
import type { Plan, Step, Write } from '../runtime/apply-plan.ts';
import { parseTime } from '../runtime/time.ts';

export interface EvictionsInput {
  node: Node;
  pods: readonly Pod[];
  now: number;
}

export interface EvictionsPlan extends Plan {
  /** Milliseconds until the next pod has to go. */
  requeueAfter?: number;
}

/** Deletes pods that do not tolerate their node's NoExecute taints any longer. Upstream: pkg/controller/tainteviction. */
export function planEvictions({ node, pods: onNode, now }: EvictionsInput): EvictionsPlan {
  const taints = (node.spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute');
  if (taints.length === 0) return { steps: [] };
  const going: Pod[] = [];
  let next = Number.POSITIVE_INFINITY;
  for (const pod of onNode) {
    if (pod.metadata.deletionTimestamp) continue;
    const at = evictionTime(pod.spec?.tolerations ?? [], taints, now);
    if (at <= now) going.push(pod);
    else next = Math.min(next, at);
  }
  const steps: Step[] = [{ writes: going.map((pod) => marking(pod, now)) }, { writes: going.map(deletion) }];
  return { steps, ...(next === Number.POSITIVE_INFINITY ? {} : { requeueAfter: next - now }) };
}

/** When a pod has to go: at once for a taint it does not tolerate, never when it tolerates all for ever. */
function evictionTime(tolerations: readonly Toleration[], taints: readonly Taint[], now: number): number {
  let at = Number.POSITIVE_INFINITY;
  for (const taint of taints) {
    const matching = tolerations.filter((toleration) => tolerates(toleration, taint));
    if (matching.length === 0) return now;
    const seconds = matching.flatMap(({ tolerationSeconds: given }) => (given === undefined ? [] : Number(given)));
    const added = parseTime(taint.timeAdded);
    if (seconds.length > 0)
      at = Math.min(at, (Number.isNaN(added) ? now : added) + Math.max(0, Math.min(...seconds)) * 1000);
  }
  return at;
}

function tolerates({ key, operator, value, effect }: Toleration, taint: Taint): boolean {
  if (effect && effect !== taint.effect) return false;
  if (key && key !== taint.key) return false;
  return operator === 'Exists' || (!!key && (value ?? '') === (taint.value ?? ''));
}

function marking(pod: Pod, now: number): Write {
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByTaintManager',
    message: 'Taint manager: deleting due to NoExecute taint',
    lastTransitionTime: apiTime(now),
  };
  const patch = { status: { conditions: [condition] } };
  return { type: 'patch', kind: pods, object: pod, patch, patchType: 'strategic', subresource: 'status' };
}

function deletion(pod: Pod): Write {
  const { namespace, name } = pod.metadata;
  const message = `Marking for deletion Pod ${namespace}/${name}`;
  const event = { kind: pods, object: pod, type: 'Normal' as const, reason: 'TaintManagerEviction', message };
  return { type: 'delete', kind: pods, object: pod, events: { succeeded: () => event } };
}
