/** Reads request bodies: size limit, media type, text. */
import { StatusError } from '../../machinery/status.ts';
import { acceptedTypes } from './accept.ts';

/** The largest request body, in bytes. */
export const MAX_BODY_BYTES = 3 * 1024 * 1024;

const tooLarge = (): StatusError =>
  new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${MAX_BODY_BYTES}`);

/** The media type of the body without its parameters; empty when none is named. */
export function contentTypeOf(request: Request): string {
  const header = request.headers.get('content-type');
  if (header === null) return '';
  const semicolon = header.indexOf(';');
  return (semicolon < 0 ? header : header.slice(0, semicolon)).trim().toLowerCase();
}

export type BodyFormat = 'json' | 'yaml';

/** The format of a body that holds an object. Throws 415. */
export function bodyFormat(request: Request): BodyFormat {
  const type = contentTypeOf(request);
  if (type === '' || type === 'application/json') return 'json';
  if (type === 'application/yaml') return 'yaml';
  throw new StatusError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${acceptedTypes()}`,
  );
}

/** The whole body as text. Throws 413 above the limit, before more than the limit was read. */
export async function readBody(request: Request): Promise<string> {
  if (request.body === null) return '';
  const length = Number(request.headers.get('content-length') ?? 'NaN');
  if (length > MAX_BODY_BYTES) {
    await request.body.cancel();
    throw tooLarge();
  }
  if (length >= 0) return request.text();
  return readBounded(request.body);
}

async function readBounded(body: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > MAX_BODY_BYTES) {
      await reader.cancel();
      throw tooLarge();
    }
    text += decoder.decode(value, { stream: true });
  }
}
