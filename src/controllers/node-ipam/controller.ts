import { type Node, nodes } from '../../kinds/index.ts';
import { applyOrThrow } from '../runtime/apply-plan.ts';
import { keyOfObject } from '../runtime/change.ts';
import { defineController, type ReconcileContext } from '../runtime/define-controller.ts';
import { planPodCidr } from './plan.ts';

/** Hands out pod networks. Upstream: pkg/controller/nodeipam. */
export const nodeIpamController = defineController({
  name: 'node-ipam-controller',
  serviceAccount: 'node-controller',
  watches: [{ kind: nodes, keys: (change) => (change.type === 'ADDED' ? keyOfObject(change) : []) }],
  permissions: [
    { groups: [''], resources: ['nodes'], verbs: ['get', 'list', 'patch', 'watch'] },
    { groups: [''], resources: ['events'], verbs: ['create', 'patch', 'update'] },
  ],
  // One at a time, so that no two nodes get the same network.
  concurrency: 1,
  reconcile,
});

async function reconcile(name: string, context: ReconcileContext): Promise<undefined> {
  const { items } = await context.client.list<Node>(nodes);
  const node = items.find(({ metadata }) => metadata.name === name);
  if (node === undefined || node.metadata.deletionTimestamp) return;
  await applyOrThrow(planPodCidr({ node, all: items, podCIDR: context.settings.podCIDR }), context);
}
