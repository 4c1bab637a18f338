/**
 * Calls of the control plane to servers whose certificates workerd cannot verify: webhooks and extension API servers with
 * an authority of their own. workerd sends them here through a socket that only this user can open; here TLS is checked.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { dialRequests } from '../agent/index.ts';
import { http } from './node-http.ts';

export interface LocalDialer {
  /** As workerd's configuration names it: `unix:PATH`. */
  readonly address: string;
  close(): void;
}

type Dial = typeof dialRequests;

/** Few clusters call anybody, so what dials is loaded with the first call. */
const loadDial = async (): Promise<Dial> => (await import('../agent/index.ts')).dialRequests;

/** Headers of a request name certificates, which are long. */
const MAX_HEADER_BYTES = 512 * 1024;

/** Bytes that the path of a socket may have. */
const MAX_PATH = 100;

/** Listens on a socket in `folder`, which only this user can open, or in a new one where its path is too long. */
export async function startDialer(folder: string): Promise<LocalDialer> {
  let path = join(folder, 'dial.sock');
  let made: string | undefined;
  if (Buffer.byteLength(path) > MAX_PATH) {
    made = mkdtempSync(join(tmpdir(), 'kedge-dial-'));
    path = join(made, 'socket');
  }
  // What a run left behind that was killed.
  rmSync(path, { force: true });
  const server = http.createServer({ maxHeaderSize: MAX_HEADER_BYTES, requestTimeout: 0, keepAliveTimeout: 60_000 });
  server.on('request', (incoming, answer) => {
    serve(incoming, answer).catch(() => answer.destroy());
  });
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    loadDial()
      .then((dial) => upgrade(dial, incoming, { socket, head }))
      .catch((error: unknown) => refuse(socket, error));
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  return {
    address: `unix:${path}`,
    close() {
      server.close();
      server.closeAllConnections();
      if (made) rmSync(made, { recursive: true, force: true });
      else rmSync(path, { force: true });
    },
  };
}

async function serve(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
  const dial = await loadDial();
  const gone = new AbortController();
  answer.on('close', () => gone.abort());
  const bodied = 'content-length' in incoming.headers || 'transfer-encoding' in incoming.headers;
  try {
    const {
      status,
      headers = [],
      body,
    } = await dial.serve({
      method: incoming.method ?? 'GET',
      url: incoming.url ?? '/',
      headers: headersOf(incoming),
      body: bodied ? (Readable.toWeb(incoming) as ReadableStream<Uint8Array>) : null,
      upgrade: false,
      signal: gone.signal,
    });
    answer.writeHead(status, headers.flat());
    answer.flushHeaders();
    if (body instanceof ReadableStream) await pipeline(Readable.fromWeb(body as never), answer);
    else answer.end(body ?? undefined);
  } catch (error) {
    if (answer.headersSent || !(error instanceof dial.HttpError)) throw error;
    answer.writeHead(error.status, { 'content-type': 'text/plain', ...Object.fromEntries(error.headers) });
    answer.end(error.message);
  }
}

function headersOf(message: IncomingMessage): Headers {
  const headers = new Headers();
  for (let i = 0; i + 1 < message.rawHeaders.length; i += 2)
    headers.append(message.rawHeaders[i] as string, message.rawHeaders[i + 1] as string);
  return headers;
}

/** Joins the two sockets once the other side agrees. */
function upgrade(dial: Dial, incoming: IncomingMessage, { socket, head }: { socket: Duplex; head: Buffer }): void {
  const target = dial.target(headersOf(incoming));
  const outgoing = dial.open(target, {
    method: incoming.method ?? 'GET',
    path: incoming.url ?? '/',
    headers: {
      ...dial.headers(headersOf(incoming)),
      connection: 'Upgrade',
      upgrade: incoming.headers.upgrade ?? 'websocket',
    },
  });
  socket.on('error', () => outgoing.destroy());
  outgoing.on('upgrade', (response, other, rest) => {
    socket.write(headText(response));
    if (rest.length > 0) socket.write(rest);
    if (head.length > 0) other.write(head);
    const end = (): void => {
      socket.destroy();
      other.destroy();
    };
    for (const side of [socket, other]) side.on('error', end).on('close', end);
    socket.pipe(other).pipe(socket);
  });
  outgoing.on('response', (response) => {
    // Without a length, the body of a refusal ends with the connection.
    socket.write(headText(response, ['connection: close']));
    response.pipe(socket);
  });
  outgoing.on('error', (error) => refuse(socket, dial.failure(error, target)));
  outgoing.end();
}

/** Answers an upgrade that does not come about. */
function refuse(socket: Duplex, error: unknown): void {
  const { status = 502, headers = [], message = '' } = error as Partial<ReturnType<Dial['failure']>>;
  const fields = headers.map(([name, value]) => `${name}: ${value}`);
  const lines = [`HTTP/1.1 ${status} Bad Gateway`, ...fields, `content-length: ${Buffer.byteLength(message)}`];
  socket.end(`${lines.join('\r\n')}\r\nconnection: close\r\n\r\n${message}`);
}

function headText(response: IncomingMessage, extra: readonly string[] = []): string {
  const upgraded = response.statusCode === 101;
  const lines = [`HTTP/1.1 ${response.statusCode} ${response.statusMessage ?? ''}`];
  for (let i = 0; i + 1 < response.rawHeaders.length; i += 2) {
    const name = (response.rawHeaders[i] as string).toLowerCase();
    if (upgraded || !['connection', 'transfer-encoding', 'keep-alive'].includes(name))
      lines.push(`${response.rawHeaders[i]}: ${response.rawHeaders[i + 1]}`);
  }
  return `${[...lines, ...extra].join('\r\n')}\r\n\r\n`;
}
