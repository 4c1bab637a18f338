/**
 * Serves the API server over storage in memory on a port of this machine, for parity runs and clients:
 * `node test/support/serve.ts [PORT]`. Prints the URL; the token is the tests' administrator token.
 */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { pathToFileURL } from 'node:url';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { Server } from '../../src/server/contract.ts';
import { ADMIN_TOKEN, createTestCluster } from './cluster.ts';
import { nodeOutbound } from './outbound.ts';

/** Listens on 127.0.0.1; the result tells the port and closes. */
export async function serve(server: Server, port = 0): Promise<{ port: number; close(): void }> {
  const http = createHttpServer((incoming, outgoing) => {
    answer(server, incoming, outgoing).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve));
  const address = http.address();
  return { port: typeof address === 'object' && address ? address.port : port, close: () => void http.close() };
}

async function answer(server: Server, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const gone = new AbortController();
  outgoing.on('close', () => gone.abort());
  const response = await server.fetch(requestOf(incoming), undefined);
  outgoing.writeHead(response.status, [...response.headers].flat());
  if (!response.body) return void outgoing.end();
  outgoing.flushHeaders();
  const reader = response.body.getReader();
  gone.signal.addEventListener('abort', () => void reader.cancel().catch(() => undefined));
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return void outgoing.end();
    if (!outgoing.write(value)) await new Promise((resolve) => outgoing.once('drain', resolve));
  }
}

function requestOf(incoming: IncomingMessage): Request {
  const method = incoming.method ?? 'GET';
  const headers = new Headers();
  for (let i = 0; i < incoming.rawHeaders.length; i += 2)
    headers.append(incoming.rawHeaders[i]!, incoming.rawHeaders[i + 1]!);
  const bodied =
    method !== 'GET' &&
    method !== 'HEAD' &&
    headers.get('content-length') !== '0' &&
    (headers.has('content-length') || headers.has('transfer-encoding'));
  const body = bodied ? bodyOf(incoming) : null;
  return new Request(`http://${incoming.headers.host ?? 'localhost'}${incoming.url}`, {
    method,
    headers,
    body,
    duplex: 'half',
  } as RequestInit);
}

/** The body as a stream that a handler may leave unread. */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  let open = true;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      incoming.on('data', (chunk: Uint8Array) => {
        if (open) controller.enqueue(chunk);
      });
      incoming.on('end', () => {
        if (open) controller.close();
        open = false;
      });
      incoming.on('error', (error) => {
        if (open) controller.error(error);
        open = false;
      });
    },
    cancel() {
      open = false;
      incoming.resume();
    },
  });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const cluster = await createTestCluster({
    bootstrap: true,
    clock: systemClock,
    random: systemRandom,
    outbound: nodeOutbound,
    log: { info: () => undefined, warn: console.warn, error: (message, fields) => console.error(message, fields) },
  });
  const { port } = await serve(cluster.server, Number(process.argv[2] ?? 0));
  console.log(`http://127.0.0.1:${port} ${ADMIN_TOKEN}`);
}
