import type { Plugin } from '../framework.ts';
import { tolerates } from '../tolerations.ts';

const TAINT = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

/** Cordoned nodes take only pods that tolerate it. Upstream: plugins/nodeunschedulable. */
export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  events: ['nodeAdded', 'nodeChanged'],
  filter(pod, node) {
    if (!node.node.spec?.unschedulable) return undefined;
    if ((pod.pod.spec?.tolerations ?? []).some((toleration) => tolerates(toleration, TAINT))) return undefined;
    return { reasons: ['node(s) were unschedulable'], unresolvable: true };
  },
};
