/** One request and its response over a mux stream, from either end. */
import { createBodyReader, sendBody } from './body.ts';
import type { MuxConnection } from './connection.ts';
import type { RequestHead, ResponseHead } from './frame.ts';
import { createMuxSocket, type MuxSocket } from './socket.ts';
import type { MuxStream, StreamSink } from './stream.ts';

export interface OutgoingRequest {
  method: string;
  url: string;
  headers: [string, string][];
  body?: ReadableStream<Uint8Array> | null;
  /** Aborting resets the stream. */
  signal?: AbortSignal;
}

export interface IncomingResponse {
  status: number;
  headers: [string, string][];
  body: ReadableStream<Uint8Array>;
}

export interface IncomingRequest {
  method: string;
  /** Path with query, or a whole URL, as the opener wrote it. */
  url: string;
  headers: Headers;
  /** Null when the opener sends none. */
  body: ReadableStream<Uint8Array> | null;
  /** True when the opener wants a socket of messages. */
  upgrade: boolean;
  /** Aborts when the opener goes away or the connection ends. */
  signal: AbortSignal;
}

export interface OutgoingResponse {
  status: number;
  headers?: [string, string][];
  body?: ReadableStream<Uint8Array> | Uint8Array | string | null;
  /** Set instead of `body` to accept an upgrade (status 101): gets the socket. */
  accept?: (socket: MuxSocket) => void;
}

export type MuxHandler = (request: IncomingRequest) => Promise<OutgoingResponse>;

/** Sends a request and resolves with the head of its response. Rejects when the stream breaks before. */
export function sendRequest(mux: MuxConnection, request: OutgoingRequest): Promise<IncomingResponse> {
  return new Promise((resolve, reject) => {
    const body = request.body ?? null;
    const head: RequestHead = {
      method: request.method,
      url: request.url,
      headers: request.headers,
      body: body !== null,
    };
    const stream = mux.open(head, {
      response(answer) {
        resolve({ status: answer.status, headers: answer.headers, body: reader.stream });
      },
      data: (bytes) => reader.push(bytes),
      end: () => reader.end(),
      reset(reason) {
        reader.fail(reason);
        reject(new Error(reason));
      },
    });
    const reader = createBodyReader(stream, () => stream.reset('the reader went away'));
    const onAbort = () => {
      stream.reset('the request was aborted');
      reader.fail('the request was aborted');
      reject(new Error('the request was aborted'));
    };
    if (request.signal?.aborted) onAbort();
    else request.signal?.addEventListener('abort', onAbort, { once: true });
    if (body) void sendBody(stream, body);
  });
}

export interface UpgradeAnswer extends IncomingResponse {
  /** Set when the upgrade was accepted. */
  socket?: {
    stream: MuxStream;
    /** Sets where frames go; those that came before are delivered at once. */
    attach(sink: StreamSink): void;
  };
}

/** Asks for a stream of messages. Resolves with the answer, which may be a refusal with a body. */
export function sendUpgrade(mux: MuxConnection, request: Omit<OutgoingRequest, 'body'>): Promise<UpgradeAnswer> {
  return new Promise((resolve, reject) => {
    const { method, url, headers, signal } = request;
    const early: ((sink: StreamSink) => void)[] = [];
    const opened = mux.open(
      { method, url, headers, body: false, upgrade: true },
      {
        response(answer) {
          const { status, headers: answered } = answer;
          const incoming = { status, headers: answered, body: reader.stream };
          resolve(answer.upgraded ? { ...incoming, socket: { stream: opened, attach } } : incoming);
        },
        data: (bytes) => reader.push(bytes),
        end() {
          reader.end();
          opened.end();
        },
        message: (data, size) => void early.push((sink) => sink.message?.(data, size)),
        close: (code, reason) => void early.push((sink) => sink.close?.(code, reason)),
        reset(reason) {
          reader.fail(reason);
          early.push((sink) => sink.reset(reason));
          reject(new Error(reason));
        },
      },
    );
    const reader = createBodyReader(opened, () => opened.reset('the reader went away'));
    const attach = (sink: StreamSink) => {
      opened.attach(sink);
      for (const deliver of early.splice(0)) deliver(sink);
    };
    signal?.addEventListener('abort', () => opened.reset('the request was aborted'), { once: true });
  });
}

/** Answers one stream with `handler`; an error of the handler becomes a 500. Use as `onRequest` of a connection. */
export function serveStream(head: RequestHead, stream: MuxStream, handler: MuxHandler): void {
  const aborter = new AbortController();
  const reader = head.body ? createBodyReader(stream, () => {}) : undefined;
  // Messages may come before the handler accepts, so the socket receives from the start.
  const upgraded = head.upgrade ? createMuxSocket(stream) : undefined;
  const abort = (reason: string) => {
    reader?.fail(reason);
    aborter.abort(new Error(reason));
  };
  stream.attach(upgraded?.sink ?? { data: (bytes) => reader?.push(bytes), end: () => reader?.end(), reset: abort });
  void upgraded?.socket.closed.then((close) => abort(close.reason || 'the socket is closed'));
  const request: IncomingRequest = {
    method: head.method,
    url: head.url,
    headers: new Headers(head.headers),
    body: reader?.stream ?? null,
    upgrade: head.upgrade === true,
    signal: aborter.signal,
  };
  handler(request).then(
    (response) => answer(stream, response, upgraded?.socket),
    (error: unknown) => answer(stream, { status: 500, body: error instanceof Error ? error.message : String(error) }),
  );
}

function answer(stream: MuxStream, response: OutgoingResponse, socket?: MuxSocket): void {
  const head: ResponseHead = { status: response.status, headers: response.headers ?? [] };
  const { body } = response;
  if (response.accept && socket) {
    stream.respond({ ...head, upgraded: true });
    response.accept(socket);
    return;
  }
  stream.respond(head);
  if (body instanceof ReadableStream) {
    void sendBody(stream, body).then(() => stream.release());
    return;
  }
  if (body) stream.write(typeof body === 'string' ? new TextEncoder().encode(body) : body);
  stream.end();
  stream.release();
}
