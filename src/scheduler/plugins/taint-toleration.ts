import { normalizeByMaximum, type Plugin } from '../framework.ts';
import { tolerates, untolerated } from '../tolerations.ts';

/** Taints keep pods away (NoSchedule, NoExecute) or make a node less wanted (PreferNoSchedule). Upstream: plugins/tainttoleration. */
export const taintToleration: Plugin = {
  name: 'TaintToleration',
  events: ['nodeAdded', 'nodeChanged', 'podChanged'],
  weight: 3,
  filter(pod, node) {
    const taint = untolerated(node.node.spec?.taints, pod.pod.spec?.tolerations, ['NoSchedule', 'NoExecute']);
    return taint && { reasons: ['node(s) had untolerated taint(s)'], unresolvable: true };
  },
  score(pod, node) {
    const tolerations = (pod.pod.spec?.tolerations ?? []).filter((t) => !t.effect || t.effect === 'PreferNoSchedule');
    return (node.node.spec?.taints ?? []).filter(
      (taint) => taint.effect === 'PreferNoSchedule' && !tolerations.some((toleration) => tolerates(toleration, taint)),
    ).length;
  },
  normalize: (scores) => normalizeByMaximum(scores, true),
};
