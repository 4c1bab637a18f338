/**
 * Encoders and decoders of messages, compiled per type on first use from the field numbers of the schema.
 * Upstream: the generated code of k8s.io/api, gogo/protobuf.
 */
import { setMember } from '../../own-member.ts';
import type { FieldSchema, ObjectSchema, Schema } from '../../schema.ts';
import { BYTES, ByteReader, ProtobufError } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { WIRE_VALUES, type WireValue } from './scalars.ts';

type JsonRecord = Record<string, unknown>;

/** One numbered field of a message: where its value stands in the JSON object, and how it travels. */
interface Slot {
  tag: number;
  write(object: JsonRecord, out: ByteWriter): void;
  read(object: JsonRecord, from: ByteReader, wireType: number): void;
}

/** Nesting a decoder follows; the deepest built-in type needs far less, except schemas of custom resources. */
const MAX_DEPTH = 400;

/** Reads as no bytes, an empty message, a zero or false. */
const EMPTY_PAYLOAD = new Uint8Array(8);

const codecs = new WeakMap<ObjectSchema, MessageCodec>();

/** The codec of an object type. */
export function messageCodec(schema: ObjectSchema): MessageCodec {
  let codec = codecs.get(schema);
  if (!codec) {
    codec = new MessageCodec(schema);
    codecs.set(schema, codec);
  }
  return codec;
}

class MessageCodec {
  readonly #schema: ObjectSchema;
  #slots: Map<number, Slot> | undefined;
  static #depth = 0;

  constructor(schema: ObjectSchema) {
    this.#schema = schema;
  }

  /** Writes the fields of `object`, without a length before them. */
  write(object: unknown, out: ByteWriter): void {
    this.#slots ??= slotsOf([...this.#schema.fields.values()], 0);
    const record = (object ?? {}) as JsonRecord;
    for (const slot of this.#slots.values()) slot.write(record, out);
  }

  /** Reads fields up to the end of `from` into a new object. Throws ProtobufError. */
  read(from: ByteReader): JsonRecord {
    this.#slots ??= slotsOf([...this.#schema.fields.values()], 0);
    if (MessageCodec.#depth >= MAX_DEPTH) throw new ProtobufError('message is nested too deeply');
    MessageCodec.#depth++;
    try {
      return readSlots(this.#slots, {}, from);
    } finally {
      MessageCodec.#depth--;
    }
  }
}

function readSlots(slots: ReadonlyMap<number, Slot>, object: JsonRecord, from: ByteReader): JsonRecord {
  while (!from.done) {
    const key = from.varint();
    const number = Math.floor(key / 8);
    if (number === 0) throw new ProtobufError('proto: illegal tag 0');
    const slot = slots.get(number);
    if (slot) slot.read(object, from, key % 8);
    else from.skip(key % 8);
  }
  return object;
}

/** Slots by number, in ascending order; fields that lie in nested messages at `depth` are grouped under theirs. */
function slotsOf(fields: readonly FieldSchema[], depth: number): Map<number, Slot> {
  const nested = new Map<number, FieldSchema[]>();
  const slots: [number, Slot][] = [];
  for (const field of fields) {
    if (field.proto === undefined || field.wire === undefined) continue;
    const step = field.wirePath?.[depth];
    if (step === undefined) slots.push([field.proto, fieldSlot(field)]);
    else nested.set(step.proto, [...(nested.get(step.proto) ?? []), field]);
  }
  for (const [number, group] of nested) slots.push([number, groupSlot(number, slotsOf(group, depth + 1))]);
  return new Map(slots.sort(([a], [b]) => a - b));
}

/** A nested message whose fields JSON writes in the outer object. */
function groupSlot(number: number, inner: ReadonlyMap<number, Slot>): Slot {
  const tag = number * 8 + BYTES;
  return {
    tag,
    write(object, out) {
      out.varint(tag);
      const start = out.open();
      for (const slot of inner.values()) slot.write(object, out);
      out.close(start);
    },
    read(object, from, wireType) {
      expectWire(wireType, BYTES, 'message');
      const outer = from.enter();
      readSlots(inner, object, from);
      from.leave(outer);
    },
  };
}

function fieldSlot(field: FieldSchema): Slot {
  const { name, schema } = field;
  const wire = field.wire as string;
  const number = field.proto as number;
  if (wire.startsWith('repeated ') && schema.type === 'array')
    return listSlot(name, number, wireValueOf(schema.items, wire.slice(9)));
  const map = /^map<string,(.+)>$/.exec(wire);
  if (map && schema.type === 'map') return mapSlot(name, number, wireValueOf(schema.values, map[1] as string));
  return singleSlot(field, wireValueOf(schema, wire));
}

function singleSlot(field: FieldSchema, value: WireValue): Slot {
  const { name, pointer } = field;
  const tag = (field.proto as number) * 8 + value.wireType;
  return {
    tag,
    write(object, out) {
      let current = object[name];
      if (current === undefined || current === null) {
        if (pointer || value.zero === undefined) return;
        current = value.zero;
      }
      out.varint(tag);
      value.write(current, out);
    },
    read(object, from, wireType) {
      expectWire(wireType, value.wireType, name);
      setMember(object, name, value.read(from));
    },
  };
}

function listSlot(name: string, number: number, value: WireValue): Slot {
  const tag = number * 8 + value.wireType;
  return {
    tag,
    write(object, out) {
      const list = object[name];
      if (!Array.isArray(list)) return;
      for (const item of list) {
        out.varint(tag);
        value.write(item, out);
      }
    },
    read(object, from, wireType) {
      object[name] ??= [];
      const list = object[name] as unknown[];
      if (wireType === value.wireType) {
        list.push(value.read(from));
        return;
      }
      // Numbers may come packed into one field.
      expectWire(wireType, BYTES, name);
      const outer = from.enter();
      while (!from.done) list.push(value.read(from));
      from.leave(outer);
    },
  };
}

function mapSlot(name: string, number: number, value: WireValue): Slot {
  const tag = number * 8 + BYTES;
  const valueTag = 16 + value.wireType;
  return {
    tag,
    write(object, out) {
      const map = object[name];
      if (map === undefined || map === null || typeof map !== 'object') return;
      for (const key of Object.keys(map).sort()) {
        out.varint(tag);
        const start = out.open();
        out.varint(10);
        out.text(key);
        const item = (map as JsonRecord)[key];
        if (value.absentWhenNull !== true || (item !== undefined && item !== null)) {
          out.varint(valueTag);
          value.write(item, out);
        }
        out.close(start);
      }
    },
    read(object, from, wireType) {
      expectWire(wireType, BYTES, name);
      object[name] ??= {};
      const map = object[name] as JsonRecord;
      const outer = from.enter();
      let key = '';
      let item: unknown;
      while (!from.done) {
        const inner = from.varint();
        if (inner === 10) key = from.text();
        else if (inner === valueTag) item = value.read(from);
        else from.skip(inner % 8);
      }
      from.leave(outer);
      // An entry without a value holds the type's zero, which is what an empty payload reads as.
      setMember(map, key, item === undefined ? value.read(new ByteReader(EMPTY_PAYLOAD)) : item);
    },
  };
}

/** How values of a schema travel under a wire type. */
function wireValueOf(schema: Schema, wire: string): WireValue {
  const known = WIRE_VALUES.get(wire);
  if (known) return known;
  if (schema.type === 'object') return nestedValue(messageCodec(schema));
  // A named list of texts (ExtraValue, Verbs) is a message with its items in field 1.
  if (schema.type === 'array') return nestedFields(listSlot('items', 1, wireValueOf(schema.items, 'string')));
  if (schema.type === 'any' && schema.oneOf) return alternativesValue(schema.oneOf, wire);
  throw new Error(`no protobuf form of ${wire}`);
}

function nestedValue(codec: MessageCodec): WireValue {
  return {
    wireType: BYTES,
    write(value, out) {
      const start = out.open();
      codec.write(value, out);
      out.close(start);
    },
    read(from) {
      const outer = from.enter();
      const value = codec.read(from);
      from.leave(outer);
      return value;
    },
    zero: null,
  };
}

function nestedFields(items: Slot): WireValue {
  const slots = new Map([[1, items]]);
  return {
    wireType: BYTES,
    write(value, out) {
      const start = out.open();
      items.write({ items: value }, out);
      out.close(start);
    },
    read(from) {
      const outer = from.enter();
      const { items: list } = readSlots(slots, { items: [] }, from);
      from.leave(outer);
      return list;
    },
    zero: undefined,
  };
}

/** JSONSchemaPropsOr…: one of two forms, told apart by the JSON type. Upstream: apiextensions/v1 types_jsonschema.go. */
function alternativesValue(alternatives: readonly Schema[], wire: string): WireValue {
  const isBool = wire.endsWith('OrBool');
  const object = alternatives.find((schema) => schema.type === 'object') as ObjectSchema;
  const list = alternatives.find((schema) => schema.type === 'array');
  const schemaSlot = singleSlot(slotField('schema', isBool ? 2 : 1, object), nestedValue(messageCodec(object)));
  const other =
    list?.type === 'array'
      ? listSlot('other', 2, wireValueOf(list.items, list.items.type === 'string' ? 'string' : 'message'))
      : singleSlot(slotField('other', 1, { type: 'bool' }), WIRE_VALUES.get('bool') as WireValue);
  const slots = new Map<number, Slot>([
    [isBool ? 2 : 1, schemaSlot],
    [isBool ? 1 : 2, other],
  ]);
  return {
    wireType: BYTES,
    write(value, out) {
      const start = out.open();
      const isSchema = typeof value === 'object' && value !== null && !Array.isArray(value);
      // A schema stands for `allows: true` as well.
      const form: JsonRecord = isSchema
        ? isBool
          ? { schema: value, other: true }
          : { schema: value }
        : { other: value };
      for (const slot of [...slots].sort(([a], [b]) => a - b)) slot[1].write(form, out);
      out.close(start);
    },
    read(from) {
      const outer = from.enter();
      const form = readSlots(slots, {}, from);
      from.leave(outer);
      return form.schema ?? form.other ?? (isBool ? false : null);
    },
    zero: null,
  };
}

const slotField = (name: string, proto: number, schema: Schema): FieldSchema => ({
  name,
  proto,
  schema,
  pointer: true,
});

function expectWire(given: number, wanted: number, name: string): void {
  if (given !== wanted) throw new ProtobufError(`proto: wrong wireType = ${given} for field ${name}`);
}
