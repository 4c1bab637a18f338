import type { Plugin } from '../framework.ts';

/** A pod that names its node fits there only. Upstream: plugins/nodename. */
export const nodeName: Plugin = {
  name: 'NodeName',
  events: ['nodeAdded'],
  filter(pod, node) {
    const wanted = pod.pod.spec?.nodeName;
    if (!wanted || wanted === node.name) return undefined;
    return { reasons: ["node(s) didn't match the requested node name"], unresolvable: true };
  },
};
