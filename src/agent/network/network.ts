/** The node's network in one piece: bridge and CNI, services, cluster DNS, the API endpoint of pods, routes to other nodes. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';

import { type Client, runInformer } from '../../client/index.ts';
import type { Node } from '../../kinds/index.ts';
import type { KindRef } from '../../machinery/kind.ts';
import { createForwarder, type DnsServer, hostResolvers, startDnsServer, type Zone } from '../dns/index.ts';
import { AgentError } from '../errors.ts';
import { type Log, messageOf } from '../log.ts';
import { type ApiProxy, startApiProxy } from '../proxy/index.ts';
import { gatewayOf, writeCniConfig } from './cni.ts';
import { defaultUplink, ensureBridge, removeBridge } from './host.ts';
import { createNftTable, type NftTable } from './nft.ts';
import { createPeerRoutes, type PeerRoutes, type PeerState, peerOf } from './peer-routes.ts';
import { keepServices } from './saved-services.ts';
import { createServiceProxy, type ServiceProxy } from './service-proxy.ts';
import { createServiceStore, followServices, type ServiceStore } from './service-store.ts';

export interface NetworkOptions {
  node: string;
  /** Folder where the node keeps its state. */
  stateDir: string;
  /** Folder where the runtime looks for its CNI configuration. */
  cniConfDir: string;
  client: Client;
  /** URL of the control plane, with the path prefix of the cluster if it has one. */
  server: string;
  /** PEM of the authority that signed the control plane's certificate. */
  serverCA?: string;
  /** Certificate and key (PEM) for `kubernetes.default.svc`; without them pods have no API endpoint on this node. */
  apiCertificate?: { certificate: string; key: string };
  clusterDomain: string;
  /** Pods of all nodes. */
  clusterCIDR: string;
  serviceCIDR: string;
  clock: Clock;
  random: Random;
  log: Log;
  /** Pods of another node cannot be reached from here, for that reason. */
  onPeerLost?(reason: string): void;
}

export interface Network {
  /** Services of the cluster, as far as they are known. */
  readonly services: Pick<ServiceStore, 'services' | 'synced'>;
  /** Begins to follow services and nodes. */
  start(): void;
  /** Sets the network up for the node's pod range; resolves when pods can be started. The range stays for good. */
  setPodCIDR(podCIDR: string): Promise<void>;
  /** Path of the CNI configuration; undefined before `setPodCIDR`. */
  readonly cniConfig: string | undefined;
  /** Resolves when all service changes known so far are in the kernel. */
  flush(): Promise<void>;
  /** Ends listeners and watches. Services and pods keep their network unless `clean`, which removes everything. */
  stop(options?: { clean?: boolean }): Promise<void>;
}

const NODES: KindRef<Node> = { group: '', version: 'v1', kind: 'Node', resource: 'nodes', namespaced: false };
/** Ports on the bridge's address, which is the node's own; kept over restarts, so that rules in the kernel stay right. */
const DNS_PORT = 53;
const API_PORT = 6443;

export function createNetwork(options: NetworkOptions): Network {
  return new NodeNetwork(options);
}

class NodeNetwork implements Network {
  cniConfig: string | undefined;
  #options: NetworkOptions;
  #store: ServiceStore = createServiceStore();
  #peers: PeerRoutes = createPeerRoutes();
  #peerStates = new Map<string, PeerState>();
  #aborter = new AbortController();
  #running: Promise<unknown>[] = [];
  #podCIDR: string | undefined;
  #bridge: string;
  #table: NftTable | undefined;
  #proxy: ServiceProxy | undefined;
  #dns: DnsServer | undefined;
  #api: ApiProxy | undefined;

  constructor(options: NetworkOptions) {
    this.#options = options;
    const hash = createHash('sha256').update(options.node).digest('hex');
    // Interface names hold 15 characters.
    this.#bridge = `kedge${hash.slice(0, 8)}`;
  }

  get services(): ServiceStore {
    return this.#store;
  }

  start(): void {
    const { client, clock, random, log, stateDir } = this.#options;
    const { signal } = this.#aborter;
    keepServices({ store: this.#store, stateDir, clock, log, signal });
    this.#running.push(followServices(this.#store, { client, clock, random, log, signal }));
    this.#running.push(
      runInformer<Node>({
        client,
        clock,
        random,
        signal,
        kind: NODES,
        onSet: (node) => this.#setPeer(node),
        onDelete: (node) => this.#deletePeer(node.metadata.name ?? ''),
        onError: (error) => log('warn', 'nodes cannot be watched', { error: messageOf(error) }),
      }),
    );
  }

  async setPodCIDR(podCIDR: string): Promise<void> {
    if (podCIDR === this.#podCIDR) return;
    if (this.#podCIDR)
      throw new AgentError('system', `the pod range of a node stays for good: it is ${this.#podCIDR}, not ${podCIDR}`);
    const { stateDir, cniConfDir, clock, log, node, clusterCIDR, serviceCIDR } = this.#options;
    const gateway = gatewayOf(podCIDR);
    const mtu = (await defaultUplink())?.mtu ?? 1500;
    await ensureBridge({ name: this.#bridge, address: `${gateway.address}/${gateway.prefix}`, mtu });
    const overrides = await this.#listen(gateway.address);
    const table = `kedge-${node.replace(/[^a-zA-Z0-9.-]/g, '-')}`;
    this.#table = createNftTable({ table, bridge: this.#bridge, podCIDR, clusterCIDR, serviceCIDR });
    this.#proxy = createServiceProxy({
      store: this.#store,
      table: this.#table,
      clock,
      log,
      node,
      clusterCIDR,
      overrides,
    });
    const dataDir = join(stateDir, 'cni');
    this.cniConfig = await writeCniConfig(cniConfDir, { bridge: this.#bridge, podCIDR, mtu, dataDir });
    this.#podCIDR = podCIDR;
  }

  async flush(): Promise<void> {
    await this.#proxy?.flush();
  }

  async stop(options: { clean?: boolean } = {}): Promise<void> {
    this.#aborter.abort(new Error('the agent stops'));
    this.#proxy?.stop();
    await Promise.all([this.#dns?.close(), this.#api?.close()]);
    await Promise.allSettled(this.#running);
    if (!options.clean) return;
    await this.#peers.clear();
    await this.#table?.remove().catch(() => {});
    await removeBridge(this.#bridge);
  }

  /** Starts the agent's own servers; answers which service ports they stand for. */
  async #listen(host: string): Promise<Map<string, { ip: string; port: number }>> {
    const { log, apiCertificate, server, serverCA } = this.#options;
    const overrides = new Map<string, { ip: string; port: number }>();
    const forwarder = createForwarder(() => hostResolvers([host]));
    const zone = () => this.#zone(host);
    this.#dns = await onPort(DNS_PORT, (port) => startDnsServer({ host, port, zone, forwarder, log }));
    const dns = { ip: host, port: this.#dns.port };
    overrides.set('kube-system/kube-dns:53/UDP', dns);
    overrides.set('kube-system/kube-dns:53/TCP', dns);
    if (!apiCertificate) return overrides;
    const api = { server, host, log, ...apiCertificate, ...(serverCA ? { ca: serverCA } : {}) };
    this.#api = await onPort(API_PORT, (port) => startApiProxy({ ...api, port }));
    overrides.set('default/kubernetes:443/TCP', { ip: host, port: this.#api.port });
    return overrides;
  }

  #zone(address: string): Zone {
    const { services, slices, synced } = this.#store;
    return { domain: this.#options.clusterDomain, services, slices, synced, address };
  }

  async #setPeer(node: Node): Promise<void> {
    if (node.metadata.name === this.#options.node) return;
    const peer = peerOf(node);
    if (!peer) return;
    const state = await this.#peers.set(peer);
    const old = this.#peerStates.get(peer.node);
    if (old === state) return;
    this.#peerStates.set(peer.node, state);
    if (!state.reason) return;
    this.#options.log('warn', 'another node is not connected', { reason: state.reason });
    this.#options.onPeerLost?.(state.reason);
  }

  async #deletePeer(node: string): Promise<void> {
    await this.#peers.delete(node);
    this.#peerStates.delete(node);
  }
}

/** Starts a server at its usual port, or at any when somebody else has that one. */
async function onPort<T>(port: number, start: (port: number) => Promise<T>): Promise<T> {
  try {
    return await start(port);
  } catch (error) {
    if ((error as { code?: string }).code !== 'EADDRINUSE') throw error;
    return start(0);
  }
}
