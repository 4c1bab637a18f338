/** Requests that go on to an address on the node's network: pods, services, the node itself. */

import { lookup as resolve } from 'node:dns';
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { WebSocket } from 'ws';
import { DIAL_ERROR } from '../../base/dial-headers.ts';
import type { IncomingRequest, MuxSocket, OutgoingResponse } from '../../base/mux/index.ts';
import {
  AddressRefused,
  ConnectTimeout,
  type DialTarget,
  dialFailureText,
  dialTarget,
  forbiddenClass,
  isEndToEnd,
  type TargetHeaders,
  targetHeaders,
  tlsOptions,
} from './dial-target.ts';
import { HttpError } from './target.ts';

const CONNECT_TIMEOUT_MS = 30_000;
const IDLE_MS = 30_000;
const SESSIONS = { maxCachedSessions: 200 };
/**
 * TLS sessions are taken up again, which spares both sides most of a handshake. Connections are kept for requests that
 * can be sent again: the other side may close one just as it is used. Both kinds are kept apart by all that decides
 * whether the other side is trusted.
 */
const agents = {
  http: new HttpAgent(),
  https: new HttpsAgent(SESSIONS),
  kept: new HttpsAgent({ ...SESSIONS, keepAlive: true, maxFreeSockets: 16, timeout: IDLE_MS }),
};

/** Sends the request on to its target and streams the answer back. */
export async function serveDial(request: IncomingRequest): Promise<OutgoingResponse> {
  const target = dialTarget(request.headers);
  const headers = targetHeaders(request.headers);
  return request.upgrade ? dialWebSocket(request, { target, headers }) : dialRequest(request, { target, headers });
}

/** What a connection to a target needs, for requests and upgrades. Throws HttpError 502 for an address that is refused. */
export function connectionOptions(target: DialTarget): RequestOptions {
  const forbidden = forbiddenClass(target.host, target.allow);
  if (forbidden) throw dialFailure(refusal(forbidden), target);
  return {
    host: target.host,
    port: target.port,
    agent: target.tls ? agents.https : agents.http,
    ...(target.allow ? { lookup: guardedLookup(target.allow) } : {}),
    ...tlsOptions(target),
  };
}

const refusal = (is: string): AddressRefused => new AddressRefused(`calls to ${is} addresses are not allowed`);

/** Names lead only to addresses that may be dialled: what was checked is what is connected to. */
function guardedLookup(allow: readonly string[]): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0);
      const usable = addresses.filter(({ address }) => forbiddenClass(address, allow) === undefined);
      const [first] = usable;
      if (!first) return callback(refusal(forbiddenClass(addresses[0]?.address ?? '', allow) ?? 'such'), '', 0);
      if (options.all) (callback as (error: null, all: typeof usable) => void)(null, usable);
      else callback(null, first.address, first.family);
    });
  };
}

/** Starts a request to a target. */
function openRequest(
  target: DialTarget,
  request: Pick<RequestOptions, 'method' | 'path' | 'headers' | 'signal' | 'agent'>,
): ClientRequest {
  const outgoing = (target.tls ? httpsRequest : httpRequest)({ ...connectionOptions(target), ...request });
  outgoing.setTimeout(CONNECT_TIMEOUT_MS, () => {
    if (outgoing.socket?.connecting) outgoing.destroy(new ConnectTimeout('the connection timed out'));
  });
  return outgoing;
}

async function dialRequest(
  request: IncomingRequest,
  to: { target: DialTarget; headers: TargetHeaders },
): Promise<OutgoingResponse> {
  if (!to.target.tls || !to.target.whole) return exchange(request, { ...to, body: request.body });
  const body = request.body ? new Uint8Array(await new Response(request.body).arrayBuffer()) : null;
  try {
    return await exchange(request, { ...to, body, agent: agents.kept });
  } catch (error) {
    if (!(error instanceof StaleConnection)) throw error;
    return exchange(request, { ...to, body });
  }
}

/** A kept connection was closed as it was used: the request did not arrive. */
class StaleConnection extends Error {}

interface Exchange {
  target: DialTarget;
  headers: TargetHeaders;
  body: ReadableStream<Uint8Array> | Uint8Array | null;
  agent?: HttpsAgent;
}

function exchange(
  { method, url: path, signal }: IncomingRequest,
  { target, headers, body, agent }: Exchange,
): Promise<OutgoingResponse> {
  return new Promise((resolve, reject) => {
    const outgoing = openRequest(target, { method, path, headers, signal, ...(agent ? { agent } : {}) });
    outgoing.on('response', (response) => resolve(answerOf(response)));
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      const stale = agent !== undefined && outgoing.reusedSocket && /^(ECONNRESET|EPIPE)$/.test(error.code ?? '');
      reject(stale ? new StaleConnection() : dialFailure(error, target));
    });
    // A body that breaks off ends the request, whose failure is told above.
    if (body instanceof ReadableStream) pipeline(Readable.fromWeb(body as never), outgoing, () => undefined);
    else outgoing.end(body ?? undefined);
  });
}

/** A failure as an answer; the header says whether anything can have reached the target. */
function dialFailure(error: Error, target: DialTarget): HttpError {
  const unconnected =
    error instanceof ConnectTimeout ||
    error instanceof AddressRefused ||
    /^(connect|getaddrinfo)/.test((error as NodeJS.ErrnoException).syscall ?? '');
  const text = `error trying to reach service: ${dialFailureText(error, target)}`;
  return new HttpError(502, text, [[DIAL_ERROR, unconnected ? 'connect' : 'lost']]);
}

function answerOf(response: IncomingMessage): OutgoingResponse {
  const headers: [string, string][] = [];
  for (let i = 0; i + 1 < response.rawHeaders.length; i += 2) {
    const name = response.rawHeaders[i] as string;
    if (isEndToEnd(name)) headers.push([name, response.rawHeaders[i + 1] as string]);
  }
  response.on('error', () => {});
  return { status: response.statusCode ?? 502, headers, body: ReadableStream.from(response) };
}

function dialWebSocket(
  request: IncomingRequest,
  to: { target: DialTarget; headers: TargetHeaders },
): Promise<OutgoingResponse> {
  const { target, headers } = to;
  const {
    'sec-websocket-protocol': protocols,
    'sec-websocket-key': _key,
    'sec-websocket-version': _version,
    ...rest
  } = headers;
  const { host: _host, port: _port, agent: _agent, ...connection } = connectionOptions(target);
  const host = target.host.includes(':') ? `[${target.host}]` : target.host;
  const url = `${target.tls ? 'wss' : 'ws'}://${host}:${target.port}${request.url}`;
  const socket = new WebSocket(
    url,
    String(protocols ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean),
    {
      headers: rest,
      perMessageDeflate: false,
      handshakeTimeout: CONNECT_TIMEOUT_MS,
      ...connection,
    },
  );
  const giveUp = () => socket.terminate();
  request.signal.addEventListener('abort', giveUp, { once: true });
  return new Promise((resolve, reject) => {
    socket.on('unexpected-response', (_outgoing, response) => resolve(answerOf(response)));
    socket.on('error', (error) => reject(dialFailure(error, target)));
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

/** What a process without a tunnel needs to dial as an agent does. */
export const dialRequests = {
  /** Answers a request that is no upgrade. Throws HttpError. */
  serve: serveDial,
  target: dialTarget,
  headers: targetHeaders,
  open: openRequest,
  failure: dialFailure,
  HttpError,
};
