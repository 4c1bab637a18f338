/** Puts the API server of one cluster together inside this isolate: storage by RPC, keys from the main shard, nodes by tunnel. */
import { waitUntil } from 'cloudflare:workers';
import { systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/random.ts';
import { ownControllerRoles } from '../controllers/index.ts';
import { GIT_VERSION } from '../machinery/version.ts';
import { generateClusterKeys, generateFrontProxyAuthority } from '../server/cluster-keys.ts';
import type { ClusterKeys, Server } from '../server/contract.ts';
import {
  createMetrics,
  createOutbound,
  createServer,
  type Metrics,
  type Outbound,
  parseOpenAddresses,
} from '../server/index.ts';
import type { Shard, Store } from '../storage/contract.ts';
import { DEFAULT_SHARD_MAP, shardNameOf } from '../storage/index.ts';
import { acceptWebSocket } from './accept-web-socket.ts';
import { clientAddress } from './client-address.ts';
import { isApiOnly } from './cluster-id.ts';
import type { Env } from './env.ts';
import { createConsoleLogger } from './log.ts';
import { createNodeConnector } from './node-connector.ts';
import { DEFAULT_SETTINGS } from './settings.ts';
import { createShardClient } from './shard-client.ts';
import { mirrorOf } from './shard-mirrors.ts';

const KEYS_SECRET = 'cluster-keys';
const FRONT_PROXY_SECRET = 'front-proxy-keys';

/** A shard that is in the caller's own object. */
export interface OwnShard {
  name: string;
  shard: Shard;
}

/**
 * The shards of a cluster. Stubs belong to the request that made them, so each call takes a new one.
 */
export function createClusterStore(env: Env, cluster: string, own?: OwnShard): Store {
  const shards = new Map<string, Shard>(own && [[own.name, own.shard]]);
  return {
    shardOf(resource) {
      const name = shardNameOf(DEFAULT_SHARD_MAP, resource);
      let shard = shards.get(name);
      if (!shard) {
        const object = `${cluster}/${name}`;
        shard = createShardClient(() => env.STORAGE.getByName(object), { mirror: () => mirrorOf(object) });
        shards.set(name, shard);
      }
      return shard;
    },
  };
}

/** The keys of the cluster, made on first use; concurrent makers agree on the one that was stored first. */
export async function loadClusterKeys(env: Env, cluster: string): Promise<ClusterKeys> {
  const main = () => env.STORAGE.getByName(`${cluster}/main`);
  const loadOrMake = async <T>(name: string, make: () => Promise<T>): Promise<T> => {
    const stored = await main().secret(name);
    return JSON.parse(stored ?? (await main().putSecretOnce(name, JSON.stringify(await make())))) as T;
  };
  const keys = await loadOrMake(KEYS_SECRET, () => generateClusterKeys(systemClock, systemRandom));
  // Clusters of earlier releases were made without this authority.
  keys.frontProxy ??= await loadOrMake(FRONT_PROXY_SECRET, () =>
    generateFrontProxyAuthority(systemClock, systemRandom),
  );
  return keys;
}

/** How the control plane of `cluster` calls webhooks and extension API servers. */
export function createClusterOutbound(env: Env, cluster: string, store: Store): Outbound {
  const { KEDGE_DIALER: dialer } = env;
  return createOutbound({
    store,
    nodes: createNodeConnector(env, cluster),
    clock: systemClock,
    random: systemRandom,
    ...(dialer ? { dialer: { fetch: (request) => dialer.fetch(request) } } : {}),
    fetch: (request) => fetch(request),
    open: parseOpenAddresses(env.KEDGE_OUTBOUND_OPEN),
  });
}

/** Counters belong to the isolate, whichever of its servers answers. */
const metrics = new Map<string, Metrics>();
const MAX_METRICS = 200;

function metricsOf(cluster: string): Metrics {
  let known = metrics.get(cluster);
  if (known) return known;
  if (metrics.size >= MAX_METRICS) metrics.clear();
  known = createMetrics();
  metrics.set(cluster, known);
  return known;
}

/** The API server of `cluster`. Each isolate and each object that needs one keeps its own. */
export function createClusterServer(env: Env, cluster: string, own?: OwnShard): Server {
  let keys: ClusterKeys | undefined;
  const { AUDIT: audit } = env;
  const store = createClusterStore(env, cluster, own);
  return createServer({
    cluster,
    settings: DEFAULT_SETTINGS,
    gitVersion: GIT_VERSION,
    store,
    nodes: createNodeConnector(env, cluster),
    outbound: createClusterOutbound(env, cluster, store),
    acceptWebSocket,
    metrics: metricsOf(cluster),
    waitUntil,
    clientAddress,
    ...(audit ? { auditLog: { append: (events) => audit.getByName(cluster).append([...events]) } } : {}),
    bootstrapExtras: isApiOnly(env, cluster) ? [] : ownControllerRoles(),
    keys: async () => {
      keys ??= await loadClusterKeys(env, cluster);
      return keys;
    },
    adminTokenHash: env.KEDGE_ADMIN_TOKEN_HASH,
    clock: systemClock,
    random: systemRandom,
    log: createConsoleLogger(systemClock, { cluster }),
  });
}
