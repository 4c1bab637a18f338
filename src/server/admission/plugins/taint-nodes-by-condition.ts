/** New nodes take no pods before they are ready. Upstream: plugin/pkg/admission/nodetaint. */
import type { Node } from '../../../kinds/index.ts';
import type { AdmissionPlugin } from '../../contract.ts';

const NOT_READY = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };

export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  handles: ({ kind, operation, subresource }) =>
    kind.storedAs === 'nodes' && operation === 'CREATE' && subresource === '',
  admit(request) {
    const node = request.object as Node;
    node.spec ??= {};
    const taints = node.spec.taints ?? [];
    if (taints.some(({ key, effect }) => key === NOT_READY.key && effect === NOT_READY.effect)) return;
    node.spec.taints = [...taints, { ...NOT_READY }];
  },
};
