/** The body of an answer as audit events hold it: JSON, whatever the client asked for. */
import type { Status } from '../../machinery/status.ts';
import { PROTOBUF, protobufToJson } from '../negotiation/protobuf.ts';
import { yamlToJson } from '../negotiation/yaml-reader.ts';

export interface AuditBody {
  json?: string;
  /** When the body is a Status. */
  status?: Status;
  tooLarge?: boolean;
}

/** Reads a copy of an answer; stops after `limit` bytes, so that no more than that is held back for it. */
export async function readAnswer(copy: Response, limit: number): Promise<AuditBody> {
  const type = (copy.headers.get('content-type') ?? '').split(';')[0]?.trim() ?? '';
  const convert = CONVERSIONS[type];
  if (!convert || copy.body === null) {
    await copy.body?.cancel();
    return {};
  }
  const zipped = copy.headers.get('content-encoding') === 'gzip';
  const plain = zipped
    ? copy.body.pipeThrough(new DecompressionStream('gzip') as ReadableWritablePair<Uint8Array, Uint8Array>)
    : copy.body;
  const bytes = await readUpTo(plain, limit);
  if (bytes === undefined) return { tooLarge: true };
  const json = convert(bytes);
  if (json === undefined) return {};
  return json.includes('"Status"') ? { json, ...statusIn(json) } : { json };
}

const CONVERSIONS: Readonly<Record<string, (bytes: Uint8Array) => string | undefined>> = {
  'application/json': (bytes) => new TextDecoder().decode(bytes).trim(),
  'application/yaml': (bytes) => {
    const converted = yamlToJson(new TextDecoder().decode(bytes));
    return converted.error === undefined ? converted.json : undefined;
  },
  [PROTOBUF]: protobufToJson,
};

function statusIn(json: string): { status?: Status } {
  const object = JSON.parse(json) as Status & { kind?: string; apiVersion?: string };
  return object.kind === 'Status' && object.apiVersion === 'v1' ? { status: object } : {};
}

async function readUpTo(body: ReadableStream<Uint8Array>, limit: number): Promise<Uint8Array | undefined> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > limit) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(value);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}
