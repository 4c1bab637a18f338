/** The edge ingress inside the Worker: which cluster a host name belongs to, and that cluster's edge. */
import { WorkerEntrypoint } from 'cloudflare:workers';
import { systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/random.ts';
import { createEdge, type Edge } from '../edge/index.ts';
import { clientAddress } from './client-address.ts';
import { createClusterDirectory } from './cluster-directory.ts';
import { createClusterStore } from './cluster-server.ts';
import type { Env } from './env.ts';
import { createConsoleLogger } from './log.ts';
import { createNodeConnector } from './node-connector.ts';
import { openFleet } from './open-fleet.ts';
import { edgeClusterOf } from './request-target.ts';

/** Which clusters there are, as this isolate knows it. */
export const directory = createClusterDirectory(systemClock);

/** Edges of the clusters this isolate has served; an edge holds caches only. */
const edges = new Map<string, Edge>();
const MAX_EDGES = 200;

/** The edge of `cluster` in this isolate. */
export function edgeOf(env: Env, cluster: string): Edge {
  const known = edges.get(cluster);
  if (known) return known;
  if (edges.size >= MAX_EDGES) edges.delete(edges.keys().next().value as string);
  const edge = createEdge({
    store: createClusterStore(env, cluster),
    nodes: createNodeConnector(env, cluster),
    clock: systemClock,
    random: systemRandom,
    log: createConsoleLogger(systemClock, { cluster, component: 'edge' }),
  });
  edges.set(cluster, edge);
  return edge;
}

/** The entry point of a socket on which everything is ingress. */
export class Ingress extends WorkerEntrypoint<Env> {
  override async fetch(request: Request): Promise<Response> {
    const { hostname } = new URL(request.url);
    const cluster = await edgeClusterOf(hostname, { fleet: () => openFleet(this.env), directory });
    return edgeOf(this.env, cluster).fetch(request, clientAddress(request));
  }
}
