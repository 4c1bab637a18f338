import type { HostPort, Plugin } from '../framework.ts';

const ANY = '0.0.0.0';

function clash(a: HostPort, b: HostPort): boolean {
  return a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === ANY || b.ip === ANY);
}

/** Host ports are held by one pod of a node at a time. Upstream: plugins/nodeports. */
export const nodePorts: Plugin = {
  name: 'NodePorts',
  events: ['nodeAdded', 'podRemoved'],
  filter(pod, node) {
    if (pod.hostPorts.length === 0) return undefined;
    for (const other of node.pods.values()) {
      if (other.hostPorts.some((held) => pod.hostPorts.some((wanted) => clash(held, wanted)))) {
        return { reasons: ["node(s) didn't have free ports for the requested pod ports"] };
      }
    }
    return undefined;
  },
};
