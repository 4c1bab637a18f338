/** The edge ingress inside the Worker: which cluster a host name belongs to, and that cluster's edge. */
import { WorkerEntrypoint } from 'cloudflare:workers';
import { systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/random.ts';
import { createEdge, type Edge } from '../edge/index.ts';
import { clientAddress } from './client-address.ts';
import { createClusterStore } from './cluster-server.ts';
import type { Env } from './env.ts';
import { createConsoleLogger } from './log.ts';
import { createNodeConnector } from './node-connector.ts';
import { DEFAULT_CLUSTER } from './settings.ts';

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

/** Answers a request at a host name that is not the API's. */
export async function answerIngress(env: Env, request: Request): Promise<Response> {
  return edgeOf(env, DEFAULT_CLUSTER).fetch(request, clientAddress(request));
}

/** The entry point of a socket on which everything is ingress. */
export class Ingress extends WorkerEntrypoint<Env> {
  override async fetch(request: Request): Promise<Response> {
    return answerIngress(this.env, request);
  }
}
