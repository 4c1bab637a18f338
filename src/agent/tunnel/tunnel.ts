/** The agent's only connection to the control plane: dialled out, kept up, and full of requests coming the other way. */
import { WebSocket } from 'ws';
import { type Clock, delay } from '../../base/clock.ts';
import { createMux, type MuxConnection, type MuxHandler, PING, PONG, serveStream } from '../../base/mux/index.ts';
import type { Random } from '../../base/random.ts';
import { type Log, messageOf } from '../log.ts';

export interface TunnelOptions {
  /** URL of the cluster's API server, with the path prefix of the cluster if it has one. */
  server: string;
  node: string;
  /** The node's bearer token, asked for at each attempt. */
  token: () => string | Promise<string>;
  /** PEM of the authority that signed the server's certificate; unset: the system's. */
  ca?: string;
  /** Answers the requests of the control plane. */
  handler: MuxHandler;
  clock: Clock;
  random: Random;
  log: Log;
  /** Ends the tunnel. */
  signal: AbortSignal;
  /** The tunnel is up (again) or down. */
  onState?(connected: boolean): void;
}

const PING_INTERVAL_MS = 10_000;
/** A connection that left this many heartbeats unanswered is dead. */
const MISSED_PINGS = 3;
const MIN_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 30_000;
/** Close code of the control plane when another agent took this node's name. */
const FENCED = 4001;
const HANDSHAKE_TIMEOUT_MS = 15_000;
const MAX_MESSAGE_BYTES = 1024 * 1024;

/** Keeps the tunnel up until `signal` aborts; never rejects. Attempts are spaced by 0.5 s to 30 s, jittered. */
export async function runTunnel(options: TunnelOptions): Promise<void> {
  const { clock, random, signal, log } = options;
  let failures = 0;
  while (!signal.aborted) {
    const started = clock.now();
    let end: ConnectionEnd;
    try {
      end = await connectOnce(options);
    } catch (error) {
      end = { opened: false, reason: messageOf(error) };
    }
    if (signal.aborted) return;
    failures = end.opened && clock.now() - started > PING_INTERVAL_MS ? 0 : failures + 1;
    const base =
      end.code === FENCED ? MAX_BACKOFF_MS : Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** Math.min(failures, 10));
    const wait = Math.round(base * (0.5 + random.next() / 2));
    log('warn', 'the tunnel to the control plane is down', { reason: end.reason, retryInMs: wait });
    await delay(clock, wait, signal).catch(() => {});
  }
}

interface ConnectionEnd {
  opened: boolean;
  code?: number;
  reason: string;
}

/** `wss://SERVER/PREFIX/kedge/v1/tunnel?node=NAME`. */
export function tunnelUrl(server: string, node: string): string {
  const url = new URL(server);
  url.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:';
  url.pathname = `${url.pathname.replace(/\/$/, '')}/kedge/v1/tunnel`;
  url.search = `?node=${encodeURIComponent(node)}`;
  return url.toString();
}

/** One connection from dial to end. */
async function connectOnce(options: TunnelOptions): Promise<ConnectionEnd> {
  const token = await options.token();
  const socket = new WebSocket(tunnelUrl(options.server, options.node), {
    headers: { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    maxPayload: MAX_MESSAGE_BYTES,
    ...(options.ca ? { ca: options.ca } : {}),
  });
  socket.binaryType = 'nodebuffer';
  return new Promise((resolve) => follow(socket, options, resolve));
}

function follow(socket: WebSocket, options: TunnelOptions, resolve: (end: ConnectionEnd) => void): void {
  const { clock, signal } = options;
  let mux: MuxConnection | undefined;
  let stopPings = () => {};
  let unanswered = 0;
  let failure = '';
  let status = '';
  const onAbort = () => socket.close(1001, 'the agent is stopping');
  signal.addEventListener('abort', onAbort, { once: true });

  const ping = () => {
    if (unanswered >= MISSED_PINGS) {
      failure = 'the control plane does not answer';
      socket.terminate();
      return;
    }
    unanswered++;
    socket.send(PING);
    stopPings = clock.after(PING_INTERVAL_MS, ping);
  };
  socket.on('open', () => {
    options.log('info', 'the tunnel to the control plane is up', { server: options.server });
    mux = createMux({
      role: 'dialer',
      send: (frame) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(frame);
      },
      close: (code, reason) => socket.close(code, reason.slice(0, 120)),
      onRequest: (head, stream) => serveStream(head, stream, options.handler),
    });
    ping();
    options.onState?.(true);
  });
  socket.on('message', (data: Buffer, binary: boolean) => {
    unanswered = 0;
    if (binary) mux?.receive(data);
    else if (data.toString() !== PONG) mux?.receive(data.toString());
  });
  socket.on('unexpected-response', (_request, response) => {
    status = `the server answered ${response.statusCode}${response.statusCode === 401 ? ': the node token is not accepted' : ''}`;
    response.resume();
    // The handshake does not end by itself once somebody looks at the response.
    socket.terminate();
  });
  socket.on('error', (error) => {
    failure ||= error.message;
  });
  socket.on('close', (code, reason) => {
    signal.removeEventListener('abort', onAbort);
    stopPings();
    mux?.closed('the tunnel is down');
    if (mux) options.onState?.(false);
    const said = status || reason.toString() || failure || `closed with code ${code}`;
    resolve({ opened: mux !== undefined, code, reason: said });
  });
}
