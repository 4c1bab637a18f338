import { nodeCells } from '../../cells/core.ts';
import { defineKind } from '../../define-kind.ts';
import type { Node } from '../../generated/types/core-v1.ts';
import { validateNode, validateNodeUpdate } from './validate-node.ts';

function setNodeDefaults(node: Node): void {
  const { spec, status } = node;
  // The single CIDR and the first of the list are one field under two names.
  if (spec.podCIDRs === undefined && spec.podCIDR) spec.podCIDRs = [spec.podCIDR];
  else if (spec.podCIDRs?.[0] && !spec.podCIDR) spec.podCIDR = spec.podCIDRs[0];
  if (status?.capacity && status.allocatable === undefined) status.allocatable = { ...status.capacity };
}

export const nodes = defineKind<Node>('core/v1/nodes', {
  statusOnCreate: true,
  defaults: setNodeDefaults,
  fieldsOf: (node) => ({ 'spec.unschedulable': String(node.spec.unschedulable ?? false) }),
  cells: nodeCells,
  strategy: { validateCreate: validateNode, validateUpdate: validateNodeUpdate },
});
