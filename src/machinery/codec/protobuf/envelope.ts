/** The envelope around every object in protobuf: four magic bytes, then runtime.Unknown with type and raw bytes. */
import type { ObjectSchema } from '../../schema.ts';
import { BYTES, ByteReader, ProtobufError } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { messageCodec } from './message-codec.ts';

const MAGIC = [0x6b, 0x38, 0x73, 0x00] as const;
const shared = new ByteWriter();

export interface TypeMeta {
  apiVersion: string;
  kind: string;
}

/** Writes `object` in its envelope. `schema` is the type that `type` names. */
export function encodeObject(object: unknown, type: TypeMeta, schema: ObjectSchema): Uint8Array<ArrayBuffer> {
  const out = shared;
  out.length = 0;
  for (const byte of MAGIC) out.varint(byte);
  out.varint(10);
  const meta = out.open();
  out.varint(10);
  out.text(type.apiVersion);
  out.varint(18);
  out.text(type.kind);
  out.close(meta);
  out.varint(18);
  const raw = out.open();
  messageCodec(schema).write(object, out);
  out.close(raw);
  out.varint(26);
  out.text('');
  out.varint(34);
  out.text('');
  return out.slice();
}

/** A watch event, in the frame of a stream: four bytes of length, then the event with the object's own envelope inside. */
export function encodeWatchFrame(type: string, object: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = shared;
  out.length = 0;
  out.varint(10);
  out.text(type);
  out.varint(18);
  const extension = out.open();
  out.varint(10);
  out.varint(object.length);
  out.raw(object);
  out.close(extension);
  const event = out.slice();
  const frame = new Uint8Array(event.length + 4);
  new DataView(frame.buffer).setUint32(0, event.length);
  frame.set(event, 4);
  return frame;
}

/** What an envelope holds, before its type is known to be one that can be read. Throws ProtobufError. */
export interface Envelope extends TypeMeta {
  raw: Uint8Array;
}

/** Opens an envelope. */
export function openEnvelope(bytes: Uint8Array): Envelope {
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new ProtobufError('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  }
  const from = new ByteReader(bytes.subarray(MAGIC.length));
  const envelope: Envelope = { apiVersion: '', kind: '', raw: new Uint8Array() };
  while (!from.done) {
    const tag = from.varint();
    if (tag === 10) Object.assign(envelope, readTypeMeta(from));
    else if (tag === 18) envelope.raw = from.bytes();
    else from.skip(tag % 8);
  }
  return envelope;
}

/** The object in the raw bytes of an envelope, as JSON; not normalised, and without apiVersion and kind. */
export function decodeRaw(raw: Uint8Array, schema: ObjectSchema): Record<string, unknown> {
  return messageCodec(schema).read(new ByteReader(raw));
}

function readTypeMeta(from: ByteReader): TypeMeta {
  const outer = from.enter();
  const meta: TypeMeta = { apiVersion: '', kind: '' };
  while (!from.done) {
    const tag = from.varint();
    if (tag === 8 + BYTES) meta.apiVersion = from.text();
    else if (tag === 16 + BYTES) meta.kind = from.text();
    else from.skip(tag % 8);
  }
  from.leave(outer);
  return meta;
}
