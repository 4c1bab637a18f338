/** `fetch` over node:https for what the built-in one lacks: a CA of our own, and connections kept open. */
import http from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import type { Transport } from '../client/index.ts';

export interface NodeTransportOptions {
  /** PEM of the CA that signed the server; without it the system's roots. */
  ca?: string;
  /** Asked for each request, so that a renewed token takes effect. */
  token?: () => string | undefined;
  /** Milliseconds without a byte before an answer has begun. */
  timeout?: number;
}

export interface NodeTransport {
  transport: Transport;
  close(): void;
}

const NO_BODY = new Set([101, 204, 205, 304]);
const DEFAULT_TIMEOUT = 30_000;

export function createNodeTransport(options: NodeTransportOptions = {}): NodeTransport {
  const secure = new https.Agent({
    keepAlive: true,
    maxSockets: Number.POSITIVE_INFINITY,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
  });
  const plain = new http.Agent({ keepAlive: true });
  return {
    transport: (request) => send(request, options, new URL(request.url).protocol === 'https:' ? secure : plain),
    close() {
      secure.destroy();
      plain.destroy();
    },
  };
}

async function send(request: Request, options: NodeTransportOptions, agent: http.Agent): Promise<Response> {
  const headers = Object.fromEntries(request.headers);
  const token = options.token?.();
  if (token !== undefined && headers.authorization === undefined) headers.authorization = `Bearer ${token}`;
  const body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer());
  if (body !== undefined) headers['content-length'] = String(body.length);
  const { signal } = request;
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const make = agent instanceof https.Agent ? https.request : http.request;
    const call = make(request.url, { method: request.method, headers, agent });
    const timer = setTimeout(
      () => call.destroy(new Error(`no answer from ${new URL(request.url).host}`)),
      options.timeout ?? DEFAULT_TIMEOUT,
    );
    const onAbort = () => call.destroy(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    signal.addEventListener('abort', onAbort, { once: true });
    call.on('error', (error) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      reject(error);
    });
    call.on('response', (incoming) => {
      clearTimeout(timer);
      incoming.on('close', () => signal.removeEventListener('abort', onAbort));
      resolve(responseOf(incoming));
    });
    call.end(body);
  });
}

function responseOf(incoming: http.IncomingMessage): Response {
  const status = incoming.statusCode ?? 502;
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    for (const one of Array.isArray(value) ? value : [value ?? '']) headers.append(name, one);
  }
  if (NO_BODY.has(status)) {
    incoming.resume();
    return new Response(null, { status, headers });
  }
  return new Response(Readable.toWeb(incoming) as ReadableStream<Uint8Array>, { status, headers });
}
