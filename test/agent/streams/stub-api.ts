import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Readable } from 'node:stream';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import {
  createMux,
  type MuxConnection,
  type MuxHandler,
  sendRequest,
  sendUpgrade,
  serveStream,
} from '../../../src/base/mux/index.ts';

/** A mux whose other side answers with `handler`. */
export function muxTo(handler: MuxHandler): MuxConnection {
  const near: MuxConnection = createMux({
    role: 'acceptor',
    send: (frame) => queueMicrotask(() => far.receive(frame)),
    close: (_code, reason) => console.error('closed', reason),
    onRequest: (_head, stream) => stream.reset('no'),
  });
  const far: MuxConnection = createMux({
    role: 'dialer',
    send: (frame) => queueMicrotask(() => near.receive(frame)),
    close: (_code, reason) => console.error('closed', reason),
    onRequest: (head, stream) => serveStream(head, stream, handler),
  });
  return near;
}

const PATHS: Record<string, string> = {
  log: 'containerLogs',
  exec: 'exec',
  attach: 'attach',
  portforward: 'portForward',
};
const RENAMED: Record<string, string> = { stdin: 'input', stdout: 'output', stderr: 'error' };

/** The kubelet path of `/api/v1/namespaces/NS/pods/POD/SUBRESOURCE`. */
function kubeletPath(url: URL): string | undefined {
  const match = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/([a-z]+)$/.exec(url.pathname);
  const path = PATHS[match?.[3] ?? ''];
  if (!match || !path) return undefined;
  const query = new URLSearchParams();
  for (const [name, value] of url.searchParams) query.append(RENAMED[name] ?? name, value);
  const container = path === 'portForward' ? '' : `/${url.searchParams.get('container') ?? 'main'}`;
  return `/${path}/${match[1]}/${match[2]}${container}?${query}`;
}

/** As much of an API server as kubectl needs to stream from the pods given. */
export async function startStubApi(
  mux: MuxConnection,
  pods: () => { metadata: { name: string } }[],
): Promise<{ url: string; close(): void }> {
  const sockets = new WebSocketServer({ noServer: true });
  const server = createServer((request, response) => void answer(request, response));
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://stub');
    const path = kubeletPath(url);
    if (!path) return json(response, discovery(url.pathname, pods()));
    try {
      const got = await sendRequest(mux, { method: 'GET', url: path, headers: [] });
      response.writeHead(got.status, Object.fromEntries(got.headers));
      Readable.fromWeb(got.body as never).pipe(response);
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  };
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => void upgrade(request, socket, head));
  const upgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const path = kubeletPath(new URL(request.url ?? '/', 'http://stub')) ?? '/';
    const got = await sendUpgrade(mux, {
      method: 'GET',
      url: path,
      headers: [['sec-websocket-protocol', request.headers['sec-websocket-protocol'] ?? '']],
    });
    if (!got.socket) {
      const body = await new Response(got.body).text();
      socket.end(`HTTP/1.1 ${got.status} Refused\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
      return;
    }
    const { stream, attach } = got.socket;
    // `ws` refuses the slash in kubectl's protocol for port forwarding, so it does not get to see it.
    delete request.headers['sec-websocket-protocol'];
    const chosen = new Map(got.headers).get('sec-websocket-protocol');
    sockets.once('headers', (headers) => headers.push(`sec-websocket-protocol: ${chosen}`));
    sockets.handleUpgrade(request, socket, head, (client) => {
      attach({
        message: (data, size) => client.send(data, () => stream.consume(size)),
        close: (code, reason) => client.close(code === 1005 ? 1000 : code, reason),
        reset: (reason) => client.close(1011, reason.slice(0, 100)),
      });
      client.on('message', (data: RawData, binary: boolean) => {
        stream.send(binary ? (data as Buffer) : data.toString());
        client.pause();
        void stream.writable().then(() => client.readyState === WebSocket.OPEN && client.resume());
      });
      client.on('close', (code, reason) => stream.close(code, reason.toString()));
    });
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close().closeAllConnections() };
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(value ? 200 : 404, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify(value ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 }),
  );
}

function discovery(path: string, pods: { metadata: { name: string } }[]): unknown {
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'] };
  if (path === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: [] };
  const resource = { singularName: 'pod', namespaced: true, kind: 'Pod', verbs: ['get', 'list'] };
  if (path === '/api/v1') {
    const names = ['pods', 'pods/log', 'pods/exec', 'pods/attach', 'pods/portforward'];
    return { kind: 'APIResourceList', groupVersion: 'v1', resources: names.map((name) => ({ name, ...resource })) };
  }
  return pods.find((pod) => path.endsWith(`/pods/${pod.metadata.name}`));
}
