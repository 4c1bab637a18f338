/** The ingress controller of a cluster: takes a request at a host name and streams it through a node into a pod. */
import type { Clock } from '../base/clock.ts';
import { DIAL, DIAL_ERROR } from '../base/dial-headers.ts';
import type { Random } from '../base/random.ts';
import type { Logger, NodeConnector } from '../server/contract.ts';
import type { Store } from '../storage/contract.ts';
import { createEndpointSource, type Endpoint } from './endpoints.ts';
import { type Client, clientResponse, hasBody, requestHeaders } from './headers.ts';
import { createRouteSource } from './ingress-cache.ts';
import { findRoute, isBoundHost } from './route-table.ts';

export interface EdgeOptions {
  store: Store;
  nodes: NodeConnector;
  clock: Clock;
  random: Random;
  log: Logger;
}

export interface Edge {
  /** Answers one request of a client at `address` (empty when unknown). Never throws. */
  fetch(request: Request, address: string): Promise<Response>;
  /** Whether an Ingress of the cluster names this host. */
  serves(host: string): Promise<boolean>;
}

const ATTEMPTS = 2;

/** The edge of one cluster. Nothing is read before the first request. */
export function createEdge(options: EdgeOptions): Edge {
  const { log } = options;
  const routes = createRouteSource(options);
  const endpoints = createEndpointSource(options);
  return {
    async serves(host) {
      return isBoundHost(await routes.routes(), normalHost(host));
    },
    async fetch(request, address) {
      try {
        const url = new URL(request.url);
        const client = { address, scheme: url.protocol.slice(0, -1), host: request.headers.get('host') ?? url.host };
        const route = findRoute(await routes.routes(), normalHost(url.hostname), url.pathname);
        if (!route) return text(404, 'default backend - 404');
        if (!route.backend.service) return text(503, 'this backend is not a service, and only services are served');
        const targets = await endpoints.endpointsOf(route.namespace, route.backend.service);
        if (targets.length === 0) return text(503, 'no endpoint of the service is ready');
        return await forward({ request, url, client, targets: targets.slice(0, ATTEMPTS) }, options);
      } catch (error) {
        log.error('edge request failed', { error: String(error) });
        return text(500, 'the edge failed to answer');
      }
    },
  };
}

interface Forward {
  request: Request;
  url: URL;
  client: Client;
  targets: readonly Endpoint[];
}

/** Tries the endpoints in turn, as long as nothing of the request can have reached one. */
async function forward({ request, url, client, targets }: Forward, options: EdgeOptions): Promise<Response> {
  const headers = requestHeaders(request, client);
  const bodied = hasBody(request);
  for (const { node, address } of bodied ? targets.slice(0, 1) : targets) {
    headers.set(DIAL.target, address);
    const init: RequestInit & { duplex?: 'half' } = {
      method: request.method,
      headers,
      redirect: 'manual',
      signal: request.signal,
    };
    if (bodied) Object.assign(init, { body: request.body, duplex: 'half' });
    let why: string;
    try {
      const answer = await options.nodes.fetch(
        node,
        new Request(`http://${client.host}${url.pathname}${url.search}`, init),
      );
      const failure = answer.headers.get(DIAL_ERROR);
      if (failure === null) return clientResponse(answer);
      why = await answer.text();
      if (failure !== 'connect') return unreachable(why, { node, options });
    } catch (error) {
      why = error instanceof Error ? error.message : String(error);
    }
    unreachable(why, { node, options });
  }
  return text(502, 'the pod could not be reached');
}

function unreachable(why: string, { node, options }: { node: string; options: EdgeOptions }): Response {
  options.log.warn('pod not reached from the edge', { node, error: why });
  return text(502, 'the pod could not be reached');
}

/** Host names are compared in lower case and without the dot of the root. */
function normalHost(host: string): string {
  const lower = host.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

function text(status: number, message: string): Response {
  return new Response(`${message}\n`, { status, headers: { 'content-type': 'text/plain; charset=utf-8' } });
}
