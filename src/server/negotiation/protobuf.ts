/** Kubernetes' protobuf in requests and answers. Upstream: runtime/serializer/protobuf. */
import { schemaOfKind } from '../../kinds/index.ts';
import {
  decodeRaw,
  encodeObject,
  encodeWatchFrame,
  openEnvelope,
  ProtobufError,
} from '../../machinery/codec/protobuf/index.ts';
import type { ObjectSchema } from '../../machinery/schema.ts';
import { badRequest, StatusError } from '../../machinery/status.ts';

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

/** The type of a body in protobuf; undefined for types that have no such form, as those of custom resources. */
function schemaFor(apiVersion: string, kind: string): ObjectSchema | undefined {
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  const version = apiVersion.slice(slash + 1);
  const own = group === 'meta.k8s.io' ? undefined : schemaOfKind(group, version, kind);
  // Status, DeleteOptions and the like are registered in every group.
  return own ?? schemaOfKind('meta', 'v1', kind);
}

/** An object, list or Status in its envelope. Throws 406 where its type has no protobuf form. */
export function writeProtobuf(object: object): Uint8Array<ArrayBuffer> {
  const { apiVersion = '', kind = '' } = object as { apiVersion?: string; kind?: string };
  const schema = schemaFor(apiVersion, kind);
  if (!schema) {
    throw new StatusError(
      406,
      'NotAcceptable',
      `object ${kind} in version "${apiVersion}" does not implement the protobuf marshalling interface and cannot be encoded to a protobuf message`,
    );
  }
  return encodeObject(object, { apiVersion, kind }, schema);
}

/** One event of a watch, framed by its length. */
export function writeProtobufEvent(type: string, object: object): Uint8Array<ArrayBuffer> {
  return encodeWatchFrame(type, writeProtobuf(object));
}

/** A body in protobuf as the JSON text it stands for; `wanted` is the kind that it has to be of. Throws 400. */
export function protobufToJson(bytes: Uint8Array, wanted = ''): string {
  try {
    const { apiVersion, kind, raw } = openEnvelope(bytes);
    const schema = schemaFor(apiVersion, kind);
    return JSON.stringify({ ...(schema ? decodeRaw(raw, schema) : {}), apiVersion, kind });
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error;
    const why = wanted === '' ? error.message : unrecognized(wanted, error.message, bytes);
    throw badRequest(why);
  }
}

/** Bytes of a body that a message shows. */
const SHOWN_BYTES = 30;

/** Upstream: handlers/rest.go transformDecodeError, summarizeData. */
function unrecognized(wanted: string, why: string, bytes: Uint8Array): string {
  const start = bytes.subarray(0, SHOWN_BYTES);
  const text =
    bytes[0] === '{'.charCodeAt(0)
      ? new TextDecoder().decode(start)
      : [...start].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const summary = bytes.length === 0 ? '<empty>' : text + (bytes.length > SHOWN_BYTES ? ' ...' : '');
  return `the object provided is unrecognized (must be of type ${wanted}): ${why} (${summary})`;
}
