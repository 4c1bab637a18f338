/** What is told of a node when its conditions change. Pure. Upstream: pkg/kubelet/nodestatus/setters.go. */
import type { NodeStatus, ObjectReference } from '../../kinds/index.ts';

/** Reason of the event by condition: when it holds, and when it does not. */
const REASONS: Record<string, readonly [string, string]> = {
  MemoryPressure: ['NodeHasInsufficientMemory', 'NodeHasSufficientMemory'],
  DiskPressure: ['NodeHasDiskPressure', 'NodeHasNoDiskPressure'],
  PIDPressure: ['NodeHasInsufficientPID', 'NodeHasSufficientPID'],
  Ready: ['NodeReady', 'NodeNotReady'],
};

export interface NodeEvent {
  reason: string;
  message: string;
}

/** A pressure is told of from the start; readiness when it changes. */
export function nodeEvents(node: string, before: NodeStatus | undefined, after: NodeStatus): NodeEvent[] {
  const old = new Map((before?.conditions ?? []).map(({ type, status }) => [type, status]));
  return (after.conditions ?? []).flatMap(({ type, status }) => {
    const reasons = REASONS[type];
    const known = old.get(type);
    if (reasons === undefined || known === status || (type === 'Ready' && known === undefined)) return [];
    const reason = status === 'True' ? reasons[0] : reasons[1];
    return [{ reason, message: `Node ${node} status is now: ${reason}` }];
  });
}

/** Kubelet names a node by its name in place of its uid. */
export const nodeReference = (name: string): ObjectReference => ({ apiVersion: 'v1', kind: 'Node', name, uid: name });
