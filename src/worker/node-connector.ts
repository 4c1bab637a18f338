/** How the API server reaches the agents of a cluster's nodes: one object per node holds the agent's socket. */
import type { NodeConnector } from '../server/contract.ts';
import type { Env } from './env.ts';

/** A connector that sends kubelet API requests to the objects `CLUSTER/NODE`. */
export function createNodeConnector(env: Env, cluster: string): NodeConnector {
  const tunnel = (node: string) => env.NODE_TUNNEL.getByName(`${cluster}/${node}`);
  return {
    async fetch(node, request) {
      const relayed = new Request(request);
      // Without this mark the object takes `/tunnel` as the agent's own connection; a proxied path must never be one.
      relayed.headers.set('x-kedge-relay', '1');
      const response = await tunnel(node).fetch(relayed);
      if (response.headers.get('x-kedge-tunnel') !== 'none') return response;
      throw new Error(`node ${node}: ${await response.text()}`);
    },
    async lastSeen(nodes) {
      const seen = new Map<string, number>();
      const ask = async (node: string) => {
        const at = await tunnel(node).lastSeen();
        if (at !== null) seen.set(node, at);
      };
      await Promise.all(nodes.map(ask));
      return seen;
    },
  };
}

/** Hands the authenticated connection of an agent (a WebSocket upgrade) to the object of its node. */
export function connectAgent(
  env: Env,
  cluster: string,
  options: { node: string; request: Request },
): Promise<Response> {
  const request = new Request('https://tunnel/tunnel', options.request);
  request.headers.delete('x-kedge-relay');
  request.headers.delete('authorization');
  return env.NODE_TUNNEL.getByName(`${cluster}/${options.node}`).fetch(request);
}
