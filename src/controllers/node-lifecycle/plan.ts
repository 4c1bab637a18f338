import { type Node, type NodeCondition, nodes, type Pod, pods } from '../../kinds/index.ts';
import { apiTime } from '../../machinery/time.ts';
import type { Plan, Step, Write } from '../runtime/apply-plan.ts';
import type { EventSpec } from '../runtime/events.ts';
import { isReadyPod } from '../runtime/pods.ts';
import { type Eviction, readyStatus, wantedTaints } from './taints.ts';

/** A node that has not been heard of for this long is not ready, in milliseconds. Upstream: nodeMonitorGracePeriod. */
export const GRACE = 50_000;

/** Conditions that nobody knows any more when the node is not heard of. */
const CONDITIONS = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

export interface NodeInput {
  node: Node;
  /** The pods on it; needed only when it is lost. */
  pods: readonly Pod[];
  /** Milliseconds since the epoch of its last sign of life. */
  heartbeat: number;
  eviction: Eviction;
  now: number;
}

/** Conditions, taints and events that follow from how long ago a node was heard of. Upstream: nodelifecycle. */
export function planNode({ node, pods: onNode, heartbeat, eviction, now }: NodeInput): Plan {
  const lost = now - heartbeat >= GRACE;
  const before = node.status?.conditions ?? [];
  const conditions = lost ? lostConditions(before, now) : before;
  const changed = conditions.filter((condition) => !before.includes(condition));
  const steps: Step[] = [];
  const writes: Write[] = [];
  if (changed.length > 0) {
    const patch = { status: { conditions: changed } };
    writes.push({ type: 'patch', kind: nodes, object: node, patch, patchType: 'strategic', subresource: 'status' });
  }
  steps.push({ writes });
  const ready = readyStatus(conditions);
  if (ready !== 'True') steps.push({ writes: onNode.filter(isReadyPod).map((pod) => notReady(pod, now)) });
  const taints = wantedTaints({ node, conditions, eviction, now });
  if (taints) {
    // Taints are one list, so a change in between must fail the patch.
    const patch = { metadata: { resourceVersion: undefined as string | undefined }, spec: { taints } };
    if (changed.length === 0) patch.metadata.resourceVersion = node.metadata.resourceVersion;
    steps.push({ writes: [{ type: 'patch', kind: nodes, object: node, patch, patchType: 'merge' }] });
  }
  const events: EventSpec[] = [];
  if (lost && readyStatus(before) === 'True') {
    const message = `Node ${node.metadata.name} status is now: NodeNotReady`;
    events.push({ kind: nodes, object: node, type: 'Normal', reason: 'NodeNotReady', message });
  }
  return { steps, events };
}

function lostConditions(before: readonly NodeCondition[], now: number): NodeCondition[] {
  const time = apiTime(now);
  const lost = CONDITIONS.map((type): NodeCondition => {
    const old = before.find((condition) => condition.type === type);
    if (old?.status === 'Unknown') return old;
    const [reason, message] = old
      ? ['NodeStatusUnknown', 'Kubelet stopped posting node status.']
      : ['NodeStatusNeverUpdated', 'Kubelet never posted node status.'];
    return { ...old, type, status: 'Unknown', reason, message, lastTransitionTime: time };
  });
  return [...before.filter(({ type }) => !CONDITIONS.includes(type)), ...lost];
}

/** Services stop sending to a pod that nobody hears of. Upstream: MarkPodsNotReady. */
function notReady(pod: Pod, now: number): Write {
  const old = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  const condition = { ...old, type: 'Ready', status: 'False', lastTransitionTime: apiTime(now) };
  const patch = { status: { conditions: [condition] } };
  const message = 'Node is not ready';
  return {
    type: 'patch',
    kind: pods,
    object: pod,
    patch,
    patchType: 'strategic',
    subresource: 'status',
    events: { succeeded: () => ({ kind: pods, object: pod, type: 'Warning', reason: 'NodeNotReady', message }) },
  };
}
