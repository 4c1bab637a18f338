/** Requests that go on to a node through its tunnel. Upstream: apimachinery/pkg/util/proxy. */
import { DIAL } from '../../base/dial-headers.ts';
import { nodes } from '../../kinds/index.ts';
import { badRequest, notFound, StatusError, serviceUnavailable } from '../../machinery/status.ts';
import { type ResourceCall, subjectOf } from '../scope.ts';
import { loadStored } from '../verbs/get.ts';

/** Headers of the client that the other side must not see or that only hold for one hop. */
const DROPPED = new Set([
  'authorization',
  'connection',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'proxy-connection',
  'content-length',
]);
const DROPPED_PREFIXES = ['impersonate-', 'x-remote-', 'x-kedge-', 'cf-'];

/** Whether the client asks for another protocol, and which. */
export function upgradeOf(request: Request): 'websocket' | 'spdy' | undefined {
  const upgrade = request.headers.get('upgrade')?.toLowerCase() ?? '';
  if (upgrade === 'websocket') return 'websocket';
  return upgrade.startsWith('spdy/') ? 'spdy' : undefined;
}

/** The first protocol that a client offers besides the one that carries its token. */
export function subprotocolOf(request: Request): string | undefined {
  const offered = (request.headers.get('sec-websocket-protocol') ?? '').split(',').map((name) => name.trim());
  return offered.find((name) => name !== '' && !name.startsWith('base64url.bearer.authorization.k8s.io.'));
}

/** Throws 400 unless the client opens a WebSocket. */
export function requireWebSocket(request: Request): void {
  const upgrade = upgradeOf(request);
  if (upgrade === 'websocket') return;
  if (upgrade === 'spdy') {
    throw badRequest(
      'this server streams over WebSockets only, SPDY cannot pass it: use kubectl 1.31 or newer, or a client that speaks v5.channel.k8s.io',
    );
  }
  throw badRequest('Upgrade request required');
}

export interface NodeTarget {
  node: string;
  /** Path and query on the other side. */
  path: string;
  /** `HOST:PORT` on the node's network; the node's own kubelet API without it. */
  dial?: string;
  tls?: boolean;
  /** Asks for a plain answer though the client opens a WebSocket. */
  plain?: boolean;
}

/** The headers of a client's request that another server may see. */
export function forwardedHeaders(request: Request): Headers {
  const headers = new Headers();
  for (const [name, value] of request.headers) {
    const upgrading = name === 'upgrade' && upgradeOf(request) === 'websocket';
    if (name === 'upgrade' && !upgrading) continue;
    if (!DROPPED.has(name) && !DROPPED_PREFIXES.some((prefix) => name.startsWith(prefix))) headers.append(name, value);
  }
  return headers;
}

/**
 * Sends the client's request on and answers with what comes back.
 * Throws 503 when the node has no tunnel, 404 when there is no such node.
 */
export async function askNode(call: ResourceCall, target: NodeTarget): Promise<Response> {
  const { request } = call.scope;
  const headers = forwardedHeaders(request);
  if (target.dial) headers.set(DIAL.target, target.dial);
  if (target.tls) headers.set(DIAL.scheme, 'https');
  if (target.plain)
    for (const name of [...headers.keys()]) if (/^(upgrade$|sec-websocket-)/.test(name)) headers.delete(name);
  const bodied = request.body !== null && request.method !== 'GET' && request.method !== 'HEAD';
  const init: RequestInit & { duplex?: 'half' } = { method: request.method, headers, redirect: 'manual' };
  if (bodied) {
    init.body = request.body as ReadableStream<Uint8Array>;
    init.duplex = 'half';
  }
  try {
    return await call.parts.options.nodes.fetch(target.node, new Request(`http://node${target.path}`, init));
  } catch (error) {
    if (!target.dial && !(await isNode(call, target.node))) throw notFound(subjectOf(call.kind), target.node);
    if (error instanceof StatusError) throw error;
    throw serviceUnavailable(`error dialing backend: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function isNode(call: ResourceCall, name: string): Promise<boolean> {
  try {
    await loadStored({ ...call, kind: nodes, namespace: '' }, { name });
    return true;
  } catch (error) {
    if (error instanceof StatusError && error.code === 404) return false;
    throw error;
  }
}

/** An answer of a node whose headers may be added to. */
export function ownResponse(response: Response): Response {
  if (response.status === 101) return response;
  const headers = new Headers(response.headers);
  for (const name of [...headers.keys()]) if (name.startsWith('x-kedge-')) headers.delete(name);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
