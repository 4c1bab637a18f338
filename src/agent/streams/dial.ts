/** Requests that go on to an address on the node's network: pods, services, the node itself. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { WebSocket } from 'ws';
import type { IncomingRequest, MuxSocket, OutgoingResponse } from '../../base/mux/index.ts';
import { HttpError } from './target.ts';

/** Request headers by which the control plane names the target. */
export const DIAL_HEADER = 'x-kedge-dial';
export const DIAL_SCHEME_HEADER = 'x-kedge-dial-scheme';
/** PEM of the authority that the target's certificate must be signed by (webhooks, aggregated API servers). */
export const DIAL_CA_HEADER = 'x-kedge-dial-ca';
/** Name that the target's certificate must be for. */
export const DIAL_SERVER_NAME_HEADER = 'x-kedge-dial-server-name';
/**
 * Response header that tells the agent's own 502 from one of the target: `connect` when no connection came about, so that
 * the request may be sent elsewhere, else `lost`.
 */
export const DIAL_ERROR_HEADER = 'x-kedge-dial-error';

const CONTROL = new Set([DIAL_HEADER, DIAL_SCHEME_HEADER, DIAL_CA_HEADER, DIAL_SERVER_NAME_HEADER]);
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
  'proxy-connection',
]);
const CONNECT_TIMEOUT_MS = 30_000;

interface DialTarget {
  host: string;
  port: number;
  tls: boolean;
  ca?: string;
  serverName?: string;
}

/** `x-kedge-dial: HOST:PORT`, with `x-kedge-dial-scheme: https` for TLS. Throws HttpError 400. */
export function dialTarget(headers: Headers): DialTarget {
  const value = headers.get(DIAL_HEADER) ?? '';
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/@\s]+)):(\d{1,5})$/.exec(value);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (!host || port < 1 || port > 65_535) throw new HttpError(400, `${DIAL_HEADER}: "${value}" is not HOST:PORT`);
  const ca = headers.get(DIAL_CA_HEADER);
  const serverName = headers.get(DIAL_SERVER_NAME_HEADER);
  return {
    host,
    port,
    tls: headers.get(DIAL_SCHEME_HEADER) === 'https',
    // PEM spans lines and a header does not, so it travels in base64.
    ...(ca ? { ca: Buffer.from(ca, 'base64').toString() } : {}),
    ...(serverName ? { serverName } : {}),
  };
}

/** Sends the request on to its target and streams the answer back. */
export async function serveDial(request: IncomingRequest): Promise<OutgoingResponse> {
  const target = dialTarget(request.headers);
  const headers: Record<string, string> = {};
  for (const [name, value] of request.headers) {
    if (!CONTROL.has(name) && !HOP_BY_HOP.has(name)) headers[name] = value;
  }
  return request.upgrade ? dialWebSocket(request, { target, headers }) : dialRequest(request, { target, headers });
}

function tlsOptions(target: DialTarget): Record<string, unknown> {
  if (!target.tls) return {};
  // Without an authority there is nothing to check against; upstream's proxy does not verify pods either.
  const verify = target.ca === undefined ? { rejectUnauthorized: false } : { ca: target.ca };
  return { ...verify, ...(target.serverName ? { servername: target.serverName } : {}) };
}

function dialRequest(
  request: IncomingRequest,
  to: { target: DialTarget; headers: Record<string, string> },
): Promise<OutgoingResponse> {
  const { target, headers } = to;
  return new Promise((resolve, reject) => {
    const send = target.tls ? httpsRequest : httpRequest;
    const outgoing = send({
      host: target.host,
      port: target.port,
      method: request.method,
      path: request.url,
      headers,
      signal: request.signal,
      agent: false,
      ...tlsOptions(target),
    });
    outgoing.setTimeout(CONNECT_TIMEOUT_MS, () => {
      if (outgoing.socket?.connecting) outgoing.destroy(new ConnectTimeout('the connection timed out'));
    });
    outgoing.on('response', (response) => resolve(answerOf(response)));
    outgoing.on('error', (error) => reject(dialFailure(error)));
    if (request.body) Readable.fromWeb(request.body as never).pipe(outgoing);
    else outgoing.end();
  });
}

class ConnectTimeout extends Error {}

function dialFailure(error: Error): HttpError {
  const unconnected = error instanceof ConnectTimeout || (error as NodeJS.ErrnoException).syscall === 'connect';
  const why = unconnected ? 'connect' : 'lost';
  return new HttpError(502, `error trying to reach service: ${error.message}`, [[DIAL_ERROR_HEADER, why]]);
}

function answerOf(response: IncomingMessage): OutgoingResponse {
  const headers: [string, string][] = [];
  for (let i = 0; i + 1 < response.rawHeaders.length; i += 2) {
    const name = response.rawHeaders[i] as string;
    if (!HOP_BY_HOP.has(name.toLowerCase())) headers.push([name, response.rawHeaders[i + 1] as string]);
  }
  response.on('error', () => {});
  return { status: response.statusCode ?? 502, headers, body: ReadableStream.from(response) };
}

function dialWebSocket(
  request: IncomingRequest,
  to: { target: DialTarget; headers: Record<string, string> },
): Promise<OutgoingResponse> {
  const { target, headers } = to;
  const {
    'sec-websocket-protocol': protocols,
    'sec-websocket-key': _key,
    'sec-websocket-version': _version,
    ...rest
  } = headers;
  const host = target.host.includes(':') ? `[${target.host}]` : target.host;
  const url = `${target.tls ? 'wss' : 'ws'}://${host}:${target.port}${request.url}`;
  const socket = new WebSocket(
    url,
    (protocols ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean),
    {
      headers: rest,
      perMessageDeflate: false,
      handshakeTimeout: CONNECT_TIMEOUT_MS,
      ...tlsOptions(target),
    },
  );
  const giveUp = () => socket.terminate();
  request.signal.addEventListener('abort', giveUp, { once: true });
  return new Promise((resolve, reject) => {
    socket.on('unexpected-response', (_outgoing, response) => resolve(answerOf(response)));
    socket.on('error', (error) => reject(dialFailure(error)));
    socket.on('open', () => {
      // From here on the client's close is passed on as what it is.
      request.signal.removeEventListener('abort', giveUp);
      // Messages may follow the handshake at once; they wait until the other side is joined.
      socket.pause();
      const chosen: [string, string][] = socket.protocol ? [['sec-websocket-protocol', socket.protocol]] : [];
      resolve({ status: 101, headers: chosen, accept: (client) => joinSockets(client, socket) });
    });
  });
}

function joinSockets(client: MuxSocket, server: WebSocket): void {
  server.on('message', (data: Buffer, binary: boolean) => {
    server.pause();
    void client.send(binary ? data : data.toString()).then(() => server.resume());
  });
  server.on('close', (code, reason) => client.close(code, reason.toString()));
  server.resume();
  const forward = async () => {
    for await (const message of client.messages) {
      if (server.readyState !== WebSocket.OPEN) return;
      await new Promise<void>((resolve) => server.send(message, () => resolve()));
    }
  };
  void forward();
  void client.closed.then(({ code, reason }) => {
    const usable = code === 1000 || (code >= 3000 && code <= 4999);
    if (server.readyState === WebSocket.OPEN) server.close(usable ? code : 1001, reason.slice(0, 100));
  });
}
