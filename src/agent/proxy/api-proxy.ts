/**
 * The cluster's API server as pods see it: `kubernetes.default.svc` ends here in TLS and goes on to the control plane,
 * with the pod's own credentials and nothing of the node's.
 */
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import { createServer, Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Log, messageOf } from '../log.ts';

export interface ApiProxyOptions {
  /** URL of the control plane, with the path prefix of the cluster if it has one. */
  server: string;
  /** PEM of the authority that signed the control plane's certificate; unset: the system's. */
  ca?: string;
  /** Certificate for `kubernetes.default.svc` and its kin, signed by the cluster's authority, with its key (PEM). */
  certificate: string;
  key: string;
  host: string;
  /** 0 takes a free one. */
  port: number;
  log: Log;
}

export interface ApiProxy {
  readonly port: number;
  close(): Promise<void>;
}

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
  'host',
]);
const KEEP_ALIVE_MS = 75_000;

/** Listens. Rejects when the address cannot be taken or the certificate is not one. */
export async function startApiProxy(options: ApiProxyOptions): Promise<ApiProxy> {
  const upstream = createUpstream(options);
  const server = createServer({
    cert: options.certificate,
    key: options.key,
    ALPNProtocols: ['http/1.1'],
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: 0,
  });
  server.on('request', (incoming: IncomingMessage, answer: ServerResponse) => forward(incoming, answer, upstream));
  server.on('upgrade', (incoming: IncomingMessage, socket: Socket, head: Buffer) =>
    forwardUpgrade({ incoming, socket, head }, upstream),
  );
  server.on('tlsClientError', () => {});
  server.on('clientError', (_error, socket) => socket.destroy());
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      const bound = server.address();
      resolve(typeof bound === 'object' && bound ? bound.port : options.port);
    });
  });
  server.on('error', (error) =>
    options.log('error', 'the API endpoint of pods has an error', { error: error.message }),
  );
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        upstream.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Upstream {
  request(incoming: IncomingMessage, headers: OutgoingHttpHeaders, pooled: boolean): ClientRequest;
  destroy(): void;
}

function createUpstream(options: ApiProxyOptions): Upstream {
  const base = new URL(options.server);
  const prefix = base.pathname.replace(/\/$/, '');
  const tls = base.protocol !== 'http:';
  const agent = tls
    ? new HttpsAgent({ keepAlive: true, ...(options.ca ? { ca: options.ca } : {}) })
    : new HttpAgent({ keepAlive: true });
  return {
    request: (incoming, headers, pooled) =>
      (tls ? httpsRequest : httpRequest)({
        host: base.hostname.replace(/^\[|\]$/g, ''),
        port: base.port || (tls ? 443 : 80),
        method: incoming.method,
        path: prefix + incoming.url,
        headers: { ...headers, host: base.host },
        agent: pooled ? agent : false,
        ...(tls && !pooled && options.ca ? { ca: options.ca } : {}),
      }),
    destroy: () => agent.destroy(),
  };
}

/** Headers as they came, repeated ones included, without those that belong to one connection. */
function endToEnd(message: IncomingMessage): OutgoingHttpHeaders {
  const out: Record<string, string[]> = {};
  for (let i = 0; i + 1 < message.rawHeaders.length; i += 2) {
    const name = (message.rawHeaders[i] as string).toLowerCase();
    if (HOP_BY_HOP.has(name)) continue;
    out[name] = [...(out[name] ?? []), message.rawHeaders[i + 1] as string];
  }
  return out;
}

function forward(incoming: IncomingMessage, answer: ServerResponse, upstream: Upstream): void {
  const request = upstream.request(incoming, endToEnd(incoming), true);
  request.on('response', (response) => {
    answer.writeHead(response.statusCode ?? 502, endToEnd(response));
    // A watch answers its head long before its first event.
    answer.flushHeaders();
    response.pipe(answer);
    response.on('error', () => answer.destroy());
  });
  request.on('error', (error) => refuse(answer, error));
  answer.on('close', () => request.destroy());
  incoming.pipe(request);
}

function refuse(answer: ServerResponse, error: unknown): void {
  if (answer.headersSent) {
    answer.destroy();
    return;
  }
  const message = `the control plane cannot be reached: ${messageOf(error)}`;
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason: 'ServiceUnavailable',
    code: 503,
  };
  answer.writeHead(503, { 'content-type': 'application/json', 'retry-after': '1' });
  answer.end(JSON.stringify(status));
}

function forwardUpgrade(from: { incoming: IncomingMessage; socket: Duplex; head: Buffer }, upstream: Upstream): void {
  const { incoming, socket, head } = from;
  const headers = { ...endToEnd(incoming), connection: 'Upgrade', upgrade: incoming.headers.upgrade ?? 'websocket' };
  const request = upstream.request(incoming, headers, false);
  socket.on('error', () => request.destroy());
  request.on('upgrade', (response, server, serverHead) => {
    socket.write(statusLine(response));
    if (serverHead.length > 0) socket.write(serverHead);
    if (head.length > 0) server.write(head);
    server.pipe(socket);
    socket.pipe(server);
    const end = () => {
      server.destroy();
      socket.destroy();
    };
    server.on('error', end).on('close', end);
    socket.on('error', end).on('close', end);
  });
  request.on('response', (response) => {
    // The body of a refusal ends with the connection.
    socket.write(statusLine(response, ['Connection: close']));
    response.pipe(socket);
  });
  request.on('error', () =>
    socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'),
  );
  request.end();
}

function statusLine(response: IncomingMessage, extra: string[] = []): string {
  const lines = [`HTTP/1.1 ${response.statusCode} ${response.statusMessage ?? ''}`];
  const upgraded = response.statusCode === 101;
  for (let i = 0; i + 1 < response.rawHeaders.length; i += 2) {
    const name = (response.rawHeaders[i] as string).toLowerCase();
    if (upgraded || !HOP_BY_HOP.has(name)) lines.push(`${response.rawHeaders[i]}: ${response.rawHeaders[i + 1]}`);
  }
  return `${[...lines, ...extra].join('\r\n')}\r\n\r\n`;
}
