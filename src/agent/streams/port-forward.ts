/**
 * Port forwarding. kubectl speaks SPDY inside the messages of its WebSocket, and the runtime's streaming server speaks
 * SPDY on TCP: the agent only carries the bytes. Upstream: apiserver's portforward tunnelling.
 */
import type { Duplex } from 'node:stream';
import type { IncomingRequest, MuxSocket, OutgoingResponse } from '../../base/mux/index.ts';
import type { ContainerRuntime } from '../runtime/contract.ts';
import { CHANNELS_PROTOCOL, forwardedPorts, joinPorts } from './port-channels.ts';
import { dialUpgrade } from './spdy.ts';
import { chooseProtocol, HttpError, readySandbox } from './target.ts';

const TUNNEL_PROTOCOL = 'SPDY/3.1+portforward.k8s.io';
const MESSAGE_BYTES = 64 * 1024;

/** `GET /portForward/NAMESPACE/POD`. */
export async function servePortForward(
  request: IncomingRequest,
  url: URL,
  runtime: ContainerRuntime,
): Promise<OutgoingResponse> {
  const [namespace, pod] = url.pathname.split('/').slice(2).map(decodeURIComponent);
  if (!namespace || !pod) throw new HttpError(404, `no such path: ${url.pathname}`);
  const sandbox = await readySandbox(runtime, namespace, pod);
  if (!request.upgrade) throw new HttpError(400, 'you must request an upgrade to WebSocket');
  const protocol = chooseProtocol(request, [TUNNEL_PROTOCOL, CHANNELS_PROTOCOL]);
  if (!protocol) {
    throw new HttpError(
      403,
      `port forwarding needs the WebSocket protocol ${TUNNEL_PROTOCOL} (kubectl 1.31 and later) or ${CHANNELS_PROTOCOL}`,
    );
  }
  const ports = protocol === CHANNELS_PROTOCOL ? forwardedPorts(url.searchParams) : [];
  const headers = { 'x-stream-protocol-version': 'portforward.k8s.io' };
  const upgraded = await dialUpgrade(await runtime.portForwardUrl(sandbox.id, ports), headers);
  return {
    status: 101,
    headers: [['sec-websocket-protocol', protocol]],
    accept: (socket) => {
      if (protocol === CHANNELS_PROTOCOL) joinPorts(socket, ports, upgraded);
      else pipeBytes(socket, upgraded.socket, upgraded.head);
    },
  };
}

/** Carries bytes between a socket of messages and a connection, each direction at the pace of its reader. */
function pipeBytes(socket: MuxSocket, connection: Duplex, head: Uint8Array): void {
  const toConnection = async () => {
    for await (const message of socket.messages) {
      const bytes = typeof message === 'string' ? Buffer.from(message) : message;
      if (!connection.write(bytes))
        await new Promise((resolve) => connection.once('drain', resolve).once('close', resolve));
    }
  };
  const toSocket = async () => {
    if (head.byteLength > 0) await socket.send(head);
    for await (const chunk of connection) {
      for (let at = 0; at < chunk.length; at += MESSAGE_BYTES)
        await socket.send(chunk.subarray(at, at + MESSAGE_BYTES));
    }
  };
  void toConnection().finally(() => connection.destroy());
  void toSocket()
    .catch(() => {})
    .finally(() => socket.close(1000, ''));
}
