/** A bound pod carries the topology of its node. Upstream: plugin/pkg/admission/podtopologylabels. */
import type { Node } from '../../../kinds/index.ts';
import type { AdmissionPlugin } from '../../contract.ts';
import { findObject } from '../requests.ts';

const LABELS = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'] as const;

/** An unnamed target is a node. */
const BINDING_TARGETS = new Set(['', 'Node']);

interface Target {
  metadata: { labels?: Record<string, string> };
  target?: { kind?: string; name?: string };
  spec?: { nodeName?: string };
}

export const podTopologyLabels: AdmissionPlugin = {
  name: 'PodTopologyLabels',
  handles: ({ kind, operation, subresource, object }) => {
    if (operation !== 'CREATE' || !object) return false;
    if (kind.storedAs !== 'pods') return false;
    return subresource === 'binding' || subresource === '';
  },
  async admit({ object, subresource }, context) {
    const target = object as Target;
    const isBinding = subresource === 'binding';
    const name = isBinding ? target.target?.name : target.spec?.nodeName;
    if (!name || (isBinding && !BINDING_TARGETS.has(target.target?.kind ?? ''))) return;
    const node = await findObject<Node>(context, { resource: 'nodes', namespace: '', name });
    if (!node) return;
    for (const label of LABELS) {
      const value = node.metadata.labels?.[label];
      if (value !== undefined) target.metadata.labels = { ...target.metadata.labels, [label]: value };
    }
  },
};
