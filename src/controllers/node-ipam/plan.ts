import { type Node, nodes } from '../../kinds/index.ts';
import type { Plan } from '../runtime/apply-plan.ts';

/** Bits of the network that each node gets. */
const NODE_BITS = 24;

export interface PodCidrInput {
  node: Node;
  /** All nodes, for the networks that are taken. */
  all: readonly Node[];
  /** The network of all pods, for example 10.244.0.0/16. */
  podCIDR: string;
}

/** Gives a node the lowest free network of the pod range. Upstream: pkg/controller/nodeipam range_allocator. */
export function planPodCidr({ node, all, podCIDR }: PodCidrInput): Plan {
  if (node.spec?.podCIDR) return { steps: [] };
  const taken = new Set(all.map(({ spec }) => spec?.podCIDR));
  const free = networksOf(podCIDR).find((network) => !taken.has(network));
  if (free === undefined) {
    const message = `Node ${node.metadata.name} status is now: CIDRNotAvailable`;
    return { steps: [], events: [{ kind: nodes, object: node, type: 'Normal', reason: 'CIDRNotAvailable', message }] };
  }
  const patch = { spec: { podCIDR: free, podCIDRs: [free] } };
  return { steps: [{ writes: [{ type: 'patch', kind: nodes, object: node, patch }] }] };
}

function networksOf(cidr: string): string[] {
  const [address = '', length = '0'] = cidr.split('/');
  const base = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const step = 2 ** (32 - NODE_BITS);
  return Array.from({ length: 2 ** Math.max(0, NODE_BITS - Number(length)) }, (_, i) => {
    const network = base + i * step;
    return `${[24, 16, 8, 0].map((shift) => Math.floor(network / 2 ** shift) % 256).join('.')}/${NODE_BITS}`;
  });
}
