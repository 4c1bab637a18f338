/**
 * The media types objects travel in. A new one is one more entry; nothing else knows their number.
 * Upstream: runtime/serializer/codec_factory.go.
 */
import type { KubeObject } from '../../machinery/meta.ts';
import { PROTOBUF, writeProtobuf, writeProtobufEvent } from './protobuf.ts';
import { writeYaml } from './yaml-writer.ts';

export interface Serializer {
  readonly mediaType: string;
  /** `object` is what the body holds: an object, a list, a Table or a Status. */
  write(object: object, pretty: boolean): string | Uint8Array<ArrayBuffer>;
  /** True when stored JSON texts can be sent as they are. */
  readonly isJson: boolean;
  /** Whether watches can be sent in it. */
  readonly streams: boolean;
  /** False where Tables have no form. */
  readonly tables: boolean;
  /** An event of a watch as it stands in the stream; absent: a line of JSON. */
  writeEvent?(type: string, object: object): Uint8Array<ArrayBuffer>;
}

const json: Serializer = {
  mediaType: 'application/json',
  write: (object, pretty) => (pretty ? JSON.stringify(object, null, 2) : `${JSON.stringify(object)}\n`),
  isJson: true,
  streams: true,
  tables: true,
};

const yaml: Serializer = {
  mediaType: 'application/yaml',
  write: (object) => writeYaml(object as KubeObject),
  isJson: false,
  streams: false,
  tables: true,
};

const protobuf: Serializer = {
  mediaType: PROTOBUF,
  write: writeProtobuf,
  isJson: false,
  streams: true,
  tables: false,
  writeEvent: writeProtobufEvent,
};

/** In order of preference. */
export const SERIALIZERS: readonly Serializer[] = [json, yaml, protobuf];
