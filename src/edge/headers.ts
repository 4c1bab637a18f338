/** Headers of requests and answers that pass the edge. */

const HOP_BY_HOP = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What a client says about itself and the way it took; only the edge knows. */
const OF_THE_EDGE = new Set([
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-forwarded-scheme',
  'x-real-ip',
]);

/** Control headers between the Worker and the agent, and those that the platform puts in. */
const RESERVED = ['x-kedge-', 'cf-'];

export interface Client {
  /** Address of the client; empty when the platform does not tell. */
  address: string;
  /** `http` or `https`. */
  scheme: string;
  /** The Host header as the client sent it. */
  host: string;
}

/** Whether the client asks for a WebSocket. */
function isWebSocket(request: Request): boolean {
  return request.headers.get('upgrade')?.toLowerCase() === 'websocket';
}

/** Whether a body goes on. A GET or HEAD has none here, whatever the client sent. */
export function hasBody(request: Request): boolean {
  return request.body !== null && request.method !== 'GET' && request.method !== 'HEAD';
}

/** The headers that go on to the pod. */
export function requestHeaders(request: Request, client: Client): Headers {
  const headers = new Headers();
  const oneHop = connectionOptions(request.headers);
  for (const [name, value] of request.headers) {
    if (HOP_BY_HOP.has(name) || OF_THE_EDGE.has(name) || oneHop.has(name)) continue;
    if (!RESERVED.some((prefix) => name.startsWith(prefix))) headers.append(name, value);
  }
  if (!hasBody(request)) headers.delete('content-length');
  if (isWebSocket(request)) headers.set('upgrade', 'websocket');
  headers.set('host', client.host);
  headers.set('x-forwarded-host', client.host);
  headers.set('x-forwarded-proto', client.scheme);
  if (client.address !== '') {
    headers.set('x-forwarded-for', client.address);
    headers.set('x-real-ip', client.address);
  }
  return headers;
}

/** The answer of a pod as the client gets it. An accepted WebSocket passes as it is. */
export function clientResponse(response: Response): Response {
  if (response.status === 101) return response;
  const headers = new Headers(response.headers);
  const oneHop = connectionOptions(response.headers);
  for (const name of [...headers.keys()]) {
    if (HOP_BY_HOP.has(name) || oneHop.has(name) || name.startsWith('x-kedge-')) headers.delete(name);
  }
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

/** Headers that the sender declares to be for this hop only. Upstream: RFC 9110, 7.6.1. */
function connectionOptions(headers: Headers): Set<string> {
  const names = (headers.get('connection') ?? '').split(',').map((name) => name.trim().toLowerCase());
  return new Set(names.filter((name) => name !== '' && name !== 'upgrade'));
}
