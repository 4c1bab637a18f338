/** Reads request bodies: size limit, media type, text. */
import { StatusError } from '../../machinery/status.ts';
import { acceptedTypes } from './accept.ts';
import { PROTOBUF, protobufToJson } from './protobuf.ts';

/** The largest request body, in bytes. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;

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

/**
 * Reads a body that holds an object, as text; protobuf comes as the JSON it stands for. `wanted` is the kind of the
 * object, for messages. Throws 400, 413, 415.
 */
export async function readObjectText(request: Request, wanted = ''): Promise<{ text: string; format: BodyFormat }> {
  if (contentTypeOf(request) === PROTOBUF)
    return { text: protobufToJson(await readBytes(request), wanted), format: 'json' };
  const format = bodyFormat(request);
  return { text: await readBody(request), format };
}

/** A parameter without a value, which makes the whole type unreadable. */
const BARE_PARAMETER = /;\s*[^=;\s]+\s*(;|$)/;

/** Throws 415. */
function bodyFormat(request: Request): BodyFormat {
  const header = request.headers.get('content-type') ?? '';
  const type = contentTypeOf(request);
  if (header === '') return 'json';
  if (type === 'application/json' && !BARE_PARAMETER.test(header)) return 'json';
  if (type === 'application/yaml' && !BARE_PARAMETER.test(header)) return 'yaml';
  throw new StatusError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${acceptedTypes()}`,
  );
}

/** A byte order mark is part of the text, which makes it no JSON. */
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true, fatal: false });

/** The whole body as text. Throws 413 above the limit, before more than the limit was read. */
export async function readBody(request: Request): Promise<string> {
  if (request.body === null) return '';
  return UTF8.decode((await isBounded(request)) ? await request.arrayBuffer() : await readBounded(request.body));
}

async function readBytes(request: Request): Promise<Uint8Array> {
  if (request.body === null) return new Uint8Array();
  if (await isBounded(request)) return new Uint8Array(await request.arrayBuffer());
  return readBounded(request.body);
}

/** Whether the body names its length, within the limit. Throws 413 above it. */
async function isBounded(request: Request): Promise<boolean> {
  const length = Number(request.headers.get('content-length') ?? 'NaN');
  if (length > MAX_BODY_BYTES) {
    await request.body?.cancel();
    throw tooLarge();
  }
  return length >= 0;
}

async function readBounded(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.byteLength;
    if (bytes > MAX_BODY_BYTES) {
      await reader.cancel();
      throw tooLarge();
    }
    chunks.push(value);
  }
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}
