import { MAX_SCORE, type NodeInfo, type Plugin, type PodInfo } from '../framework.ts';

/** Nodes whose cpu and memory would be used evenly are better. Upstream: plugins/noderesources BalancedAllocation. */
export const nodeResourcesBalanced: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  events: [],
  weight: 1,
  score(pod, node) {
    const wanted = ['cpu', 'memory'].some((resource) => (pod.requests.get(resource) ?? 0) > 0);
    if (!wanted) return 0;
    const cpu = fraction(pod, node, 'cpu');
    const memory = fraction(pod, node, 'memory');
    if (cpu === undefined || memory === undefined) return MAX_SCORE;
    return Math.floor((1 - Math.abs(cpu - memory) / 2) * MAX_SCORE);
  },
};

function fraction(pod: PodInfo, node: NodeInfo, resource: string): number | undefined {
  const allocatable = node.allocatable.get(resource) ?? 0;
  if (allocatable === 0) return undefined;
  return Math.min(1, ((node.requested.get(resource) ?? 0) + (pod.requests.get(resource) ?? 0)) / allocatable);
}
