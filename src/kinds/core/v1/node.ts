import { nodeCells } from '../../cells/core.ts';
import { defineKind } from '../../define-kind.ts';
import type { Node } from '../../generated/types/core-v1.ts';
import { nodeWarnings, validateNode, validateNodeChange, validateNodeUpdate } from './validate-node.ts';

function setNodeDefaults(node: Node): void {
  const { spec, status } = node;
  // The single CIDR and the first of the list are one field under two names; the single one is believed.
  if (spec.podCIDR && spec.podCIDR !== spec.podCIDRs?.[0]) spec.podCIDRs = [spec.podCIDR];
  else if (spec.podCIDRs?.[0] && !spec.podCIDR) spec.podCIDR = spec.podCIDRs[0];
  if (status?.capacity && status.allocatable === undefined) status.allocatable = { ...status.capacity };
}

/** The kubelet no longer takes its configuration from here, so only what is stored stays. */
function dropConfig({ spec, status }: Node, old?: Node): void {
  if (old?.spec.configSource === undefined) delete spec.configSource;
  if (status && old?.status?.config === undefined) delete status.config;
}

export const nodes = defineKind<Node>('core/v1/nodes', {
  statusOnCreate: true,
  defaults: setNodeDefaults,
  fieldsOf: (node) => ({ 'spec.unschedulable': String(node.spec.unschedulable ?? false) }),
  cells: nodeCells,
  statusStrategy: { prepareForUpdate: dropConfig, validateUpdate: validateNodeChange },
  strategy: {
    prepareForCreate: (node) => dropConfig(node),
    prepareForUpdate: dropConfig,
    validateCreate: validateNode,
    validateUpdate: validateNodeUpdate,
    warningsOnCreate: nodeWarnings,
    warningsOnUpdate: nodeWarnings,
  },
});
