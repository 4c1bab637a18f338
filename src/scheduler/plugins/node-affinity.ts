import { normalizeByMaximum, type Plugin } from '../framework.ts';
import { matchesAnyTerm, matchesTerm, namedNodes } from '../node-selector.ts';

/** What upstream says of nodes that its pre-filter leaves out. */
const NOT_NAMED = "node(s) didn't satisfy plugin(s) [NodeAffinity]";

/** nodeSelector and node affinity, required and preferred. Upstream: plugins/nodeaffinity. */
export const nodeAffinity: Plugin = {
  name: 'NodeAffinity',
  events: ['nodeAdded', 'nodeChanged', 'podChanged'],
  weight: 2,
  filter(pod, node) {
    const labels = node.node.metadata.labels ?? {};
    const selector = Object.entries(pod.pod.spec?.nodeSelector ?? {});
    const required = pod.pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    const named = required && namedNodes(required.nodeSelectorTerms ?? []);
    if (named?.size === 0) return { reasons: ['pod affinity terms conflict'], unresolvable: true };
    if (named && !named.has(node.name)) return { reasons: [NOT_NAMED], unresolvable: true };
    const fits =
      selector.every(([key, value]) => labels[key] === value) &&
      (required === undefined || matchesAnyTerm(node.node, required.nodeSelectorTerms ?? []));
    return fits ? undefined : { reasons: ["node(s) didn't match Pod's node affinity/selector"], unresolvable: true };
  },
  score(pod, node) {
    const preferred = pod.pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    let sum = 0;
    for (const term of preferred) if (matchesTerm(node.node, term.preference ?? {})) sum += term.weight ?? 0;
    return sum;
  },
  normalize: (scores) => normalizeByMaximum(scores, false),
};
