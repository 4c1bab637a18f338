/** Sockets of clients (exec, attach, port-forward, proxied WebSockets) joined to streams of the agent's connection. */
import {
  type MuxConnection,
  type MuxStream,
  type StreamSink,
  type StreamState,
  sendRequest,
  sendUpgrade,
  type UpgradeAnswer,
} from '../base/mux/index.ts';

/** What a client's socket remembers while the object hibernates. */
export interface RelayAttachment {
  /** Which agent connection the stream belongs to. */
  generation: number;
  stream: StreamState;
}

/** Codes that an endpoint may send; the others only describe what happened. */
const SENDABLE = new Set([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]);

/** Closes a socket with the nearest code that may be sent. Reasons are cut to what a close frame holds. */
export function closeSocket(socket: WebSocket, code: number, reason: string): void {
  const usable = SENDABLE.has(code) || (code >= 3000 && code <= 4999) ? code : code === 1005 ? 1000 : 1011;
  let text = reason;
  while (new TextEncoder().encode(text).byteLength > 123) text = text.slice(0, Math.min(text.length - 1, 123));
  try {
    socket.close(usable, text);
  } catch {
    // The other side closed first.
  }
}

/** Keeps the state of a stream with its socket, so that it goes on after hibernation. */
export function saveRelay(socket: WebSocket, generation: number, stream: MuxStream): void {
  const attachment: RelayAttachment = { generation, stream: stream.state() };
  socket.serializeAttachment(attachment);
}

/** Where frames of a relayed stream go: to the client's socket. `over` runs once when the stream has ended. */
export function relaySink(
  socket: WebSocket,
  stream: () => MuxStream,
  options: { generation: number; over: () => void },
): StreamSink {
  const save = () => saveRelay(socket, options.generation, stream());
  return {
    message(data, size) {
      socket.send(data);
      stream().consume(size);
      save();
    },
    credit: save,
    close(code, reason) {
      options.over();
      closeSocket(socket, code, reason);
    },
    reset(reason) {
      options.over();
      closeSocket(socket, 1011, reason);
    },
  };
}

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-extensions',
  'sec-websocket-accept',
  'x-kedge-relay',
]);

/** Headers that go on to the other side of a relay. */
function endToEndHeaders(headers: Iterable<[string, string]>): [string, string][] {
  return [...headers].filter(([name]) => !HOP_BY_HOP.has(name.toLowerCase()));
}

/** A refusal of the relay itself. The connector turns `x-kedge-tunnel: none` into an error. */
export function noTunnel(reason: string): Response {
  return new Response(reason, { status: 503, headers: { 'x-kedge-tunnel': 'none', 'content-type': 'text/plain' } });
}

/** An answer of the agent as a response. */
function responseOf(answer: Pick<UpgradeAnswer, 'status' | 'headers' | 'body'>): Response {
  const { status, headers, body } = answer;
  const empty = status === 204 || status === 205 || status === 304;
  if (empty) void body.cancel();
  // A body that says it is compressed is so already.
  return new Response(empty ? null : body, { status, headers: endToEndHeaders(headers), encodeBody: 'manual' });
}

/**
 * Sends `request` to the agent. When the agent accepts an upgrade, `accept` gets the stream and gives the client's end
 * of a new socket.
 */
export async function relayRequest(
  mux: MuxConnection,
  request: Request,
  accept: (socket: NonNullable<UpgradeAnswer['socket']>) => WebSocket,
): Promise<Response> {
  const url = new URL(request.url);
  const { method, signal, body } = request;
  const headers = endToEndHeaders(request.headers).filter(([name]) => name !== 'host');
  // `node` is the kubelet API itself; any other host is the one that the client of a proxied request named.
  if (url.host !== 'node') headers.push(['host', url.host]);
  const head = { method, url: url.pathname + url.search, headers, signal };
  try {
    if (!isUpgrade(request)) return responseOf(await sendRequest(mux, { ...head, body }));
    const answer = await sendUpgrade(mux, head);
    if (!answer.socket) return responseOf(answer);
    return new Response(null, {
      status: 101,
      webSocket: accept(answer.socket),
      headers: endToEndHeaders(answer.headers),
    });
  } catch (error) {
    return noTunnel(error instanceof Error ? error.message : String(error));
  }
}

/** Whether a client asks for a WebSocket. */
export function isUpgrade(request: Request): boolean {
  return request.headers.get('upgrade')?.toLowerCase() === 'websocket';
}
