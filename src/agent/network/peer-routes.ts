/** Routes to the pods of other nodes on the same link. Upstream: flannel's host-gw backend. */
import type { Node } from '../../kinds/index.ts';
import { ip, routeTo } from './host.ts';

export interface Peer {
  node: string;
  podCIDR: string;
  address: string;
}

export interface PeerState {
  node: string;
  connected: boolean;
  /** Why pods of that node cannot be reached from here. */
  reason?: string;
}

/** What a node says of how its pods are reached; undefined when it has no pod range so far. */
export function peerOf(node: Node): Peer | undefined {
  const podCIDR = node.spec?.podCIDR;
  const address = node.status?.addresses?.find((one) => one.type === 'InternalIP')?.address;
  if (!podCIDR || !address || !node.metadata.name) return undefined;
  return { node: node.metadata.name, podCIDR, address };
}

export interface PeerRoutes {
  set(peer: Peer): Promise<PeerState>;
  delete(node: string): Promise<void>;
  /** Removes every route that was set. */
  clear(): Promise<void>;
}

/** Number under which the kernel shows these routes (`ip route show proto 75`). */
const PROTOCOL = '75';

export function createPeerRoutes(): PeerRoutes {
  const known = new Map<string, Peer & PeerState>();
  const remove = async (peer: Peer & PeerState) => {
    known.delete(peer.node);
    if (peer.connected) await ip('route', 'del', peer.podCIDR, 'via', peer.address, 'proto', PROTOCOL).catch(() => {});
  };
  const connect = async (peer: Peer): Promise<PeerState> => {
    const route = await routeTo(peer.address).catch(() => undefined);
    if (route?.local) return { node: peer.node, connected: false };
    if (!route?.device || route.gateway) {
      const reason = `node ${peer.node} (${peer.address}) is not on a network shared with this node, so its pods (${peer.podCIDR}) cannot be reached`;
      return { node: peer.node, connected: false, reason };
    }
    await ip('route', 'replace', peer.podCIDR, 'via', peer.address, 'dev', route.device, 'proto', PROTOCOL);
    return { node: peer.node, connected: true };
  };
  return {
    async set(peer) {
      const old = known.get(peer.node);
      if (old && old.podCIDR === peer.podCIDR && old.address === peer.address) return old;
      if (old) await remove(old);
      const state = await connect(peer);
      known.set(peer.node, { ...peer, ...state });
      return state;
    },
    async delete(node) {
      const old = known.get(node);
      if (old) await remove(old);
    },
    async clear() {
      for (const peer of [...known.values()]) await remove(peer);
    },
  };
}
