import { MAX_SCORE, type NodeInfo, type Plugin, type PodInfo } from '../framework.ts';

/** Resources that nodes are compared by. */
const COMPARED = ['cpu', 'memory'] as const;

/** Requests must fit into what is left; emptier nodes are better. Upstream: plugins/noderesources Fit, LeastAllocated. */
export const nodeResourcesFit: Plugin = {
  name: 'NodeResourcesFit',
  events: ['nodeAdded', 'nodeChanged', 'podRemoved', 'podChanged'],
  weight: 1,
  filter(pod, node) {
    const reasons: string[] = [];
    let unresolvable = false;
    if (node.pods.size + 1 > (node.allocatable.get('pods') ?? 0)) reasons.push('Too many pods');
    for (const [resource, wanted] of pod.requests) {
      if (wanted === 0) continue;
      const allocatable = node.allocatable.get(resource) ?? 0;
      if (wanted <= allocatable - (node.requested.get(resource) ?? 0)) continue;
      reasons.push(`Insufficient ${resource}`);
      if (wanted > allocatable) unresolvable = true;
    }
    return reasons.length === 0 ? undefined : { reasons, unresolvable };
  },
  score(pod, node) {
    let sum = 0;
    let weights = 0;
    for (const resource of COMPARED) {
      const allocatable = node.allocatable.get(resource) ?? 0;
      if (allocatable === 0) continue;
      const used = usedWith(pod, node, resource);
      sum += used > allocatable ? 0 : Math.floor(((allocatable - used) * MAX_SCORE) / allocatable);
      weights++;
    }
    return weights === 0 ? 0 : Math.floor(sum / weights);
  },
};

/** What would be asked of a node with the pod on it; containers without requests count as a small amount. */
function usedWith(pod: PodInfo, node: NodeInfo, resource: string): number {
  return (node.nonZeroRequested.get(resource) ?? 0) + (pod.nonZeroRequests.get(resource) ?? 0);
}
