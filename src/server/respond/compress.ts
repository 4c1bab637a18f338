/** Compression of large answers. Upstream: responsewriters/writers.go deferredResponseWriter. */

/** Shorter answers are not worth the time. */
export const COMPRESS_FROM = 128 * 1024;

/** Whether the client takes gzip; a quality beside it makes it another word. */
export function acceptsGzip(request: Request): boolean {
  const header = request.headers.get('accept-encoding');
  return header?.split(',').some((part) => part.trim() === 'gzip') === true;
}

/** A response with `body`, gzipped when it is large and the client takes that. */
export function compressible(
  request: Request,
  body: string | Uint8Array<ArrayBuffer>,
  init: { status: number; headers: Record<string, string> },
): Response {
  if (body.length < COMPRESS_FROM || !acceptsGzip(request)) return new Response(body, init);
  const stream = new Response(body).body!.pipeThrough(
    new CompressionStream('gzip') as ReadableWritablePair<Uint8Array, Uint8Array>,
  );
  return encodedResponse(stream, init);
}

/** A response whose body is gzipped already. */
export function encodedResponse(
  stream: ReadableStream<Uint8Array>,
  init: { status: number; headers: Record<string, string> },
): Response {
  const vary = init.headers.Vary === undefined ? 'Accept-Encoding' : `${init.headers.Vary}, Accept-Encoding`;
  const headers = { ...init.headers, 'Content-Encoding': 'gzip', Vary: vary };
  // `encodeBody` tells the Workers runtime that the body is encoded; other platforms ignore it.
  return new Response(stream, { status: init.status, headers, encodeBody: 'manual' } as ResponseInit);
}
