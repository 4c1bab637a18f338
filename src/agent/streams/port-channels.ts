/**
 * Port forwarding as channels of one WebSocket, which clients other than kubectl speak: two channels per port, data and
 * errors, each begun by the port's number. Upstream: kubelet portforward/websocket.go.
 */
import type { MuxSocket } from '../../base/mux/index.ts';
import { createSpdy, type SpdyStream, type Upgraded } from './spdy.ts';
import { HttpError } from './target.ts';

export const CHANNELS_PROTOCOL = 'v4.channel.k8s.io';
/** Channel numbers are one byte. */
const MAX_PORTS = 127;

/** The ports of a query: `port=80&port=81`, or `ports=80,81`. Throws HttpError 400. */
export function forwardedPorts(query: URLSearchParams): number[] {
  const ports = [...query.getAll('ports'), ...query.getAll('port')]
    .flatMap((text) => text.split(','))
    .filter(Boolean)
    .map(Number);
  if (ports.length === 0) throw new HttpError(400, 'query parameter "port" is required');
  if (ports.length > MAX_PORTS || ports.some((port) => !Number.isInteger(port) || port < 1 || port > 65_535)) {
    throw new HttpError(400, 'query parameter "port" must be a port number, and not more than 127 of them');
  }
  return ports;
}

/** Joins the channels of `ports` to streams of the runtime's connection. */
export function joinPorts(socket: MuxSocket, ports: readonly number[], upgraded: Upgraded): void {
  const channels = new Map<number, number>();
  const data: SpdyStream[] = [];
  const open = new Set<number>();
  const spdy = createSpdy(upgraded.socket, upgraded.head, {
    async data(id, bytes) {
      const channel = channels.get(id);
      if (channel !== undefined) await socket.send(message(channel, bytes));
    },
    end(id) {
      open.delete(id);
      if (open.size === 0) socket.close(1000, '');
    },
    close: () => socket.close(1000, ''),
  });
  ports.forEach((port, index) => {
    const headers = { port: String(port), requestid: String(index) };
    const error = spdy.open({ streamtype: 'error', ...headers });
    error.end();
    const stream = spdy.open({ streamtype: 'data', ...headers });
    open.add(stream.id);
    channels.set(error.id, 2 * index + 1);
    channels.set(stream.id, 2 * index);
    data.push(stream);
    const number = new Uint8Array([port & 255, port >>> 8]);
    void socket.send(message(2 * index, number));
    void socket.send(message(2 * index + 1, number));
  });
  void readClient(socket, data).finally(() => spdy.close());
}

function message(channel: number, bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(1 + bytes.byteLength);
  out[0] = channel;
  out.set(bytes, 1);
  return out;
}

async function readClient(socket: MuxSocket, data: readonly SpdyStream[]): Promise<void> {
  for await (const received of socket.messages) {
    const bytes = typeof received === 'string' ? new TextEncoder().encode(received) : received;
    await data[(bytes[0] ?? 255) / 2]?.write(bytes.subarray(1));
  }
}
