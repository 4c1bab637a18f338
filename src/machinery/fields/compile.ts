/** Turns schemas into closures, once each, because every write passes through them. */

import { withoutLiterals } from '../exact-numbers.ts';
import { rememberEmpty } from '../explicit-empty.ts';
import { setMember } from '../own-member.ts';
import type { FieldSchema, ObjectSchema, Schema } from '../schema.ts';
import { type DecodeContext, DecodeError, type Decoder, goName, jsonTypeOf, wrongType } from './decode-context.ts';
import { scalarDecoders } from './scalars.ts';

type JsonRecord = Record<string, unknown>;

interface FieldPlan {
  readonly name: string;
  /** The structs that Go embeds, outermost first, to have this field; its messages name them. */
  readonly embedded: readonly string[];
  /** The name is one that every object inherits, so only an own property counts. */
  readonly inherited: boolean;
  readonly decode: Decoder;
  /** Zero values of this field are left out. */
  readonly dropEmpty: boolean;
  /** That a client sent it empty is kept in mind, as it is not kept in the object. */
  readonly remembersEmpty: boolean;
  /** What is written when the field is absent; undefined when nothing is. */
  readonly zero: (() => unknown) | undefined;
}

const compiled = new WeakMap<Schema, Decoder>();

/** The decoder of a schema, compiled on first use. */
export function decoderOf(schema: Schema): Decoder {
  let decoder = compiled.get(schema);
  if (decoder === undefined) {
    decoder = compile(schema);
    compiled.set(schema, decoder);
  }
  return decoder;
}

function compile(schema: Schema): Decoder {
  if (schema.type === 'object') return compileObject(schema);
  if (schema.type === 'array') return compileArray(schema.items, schema);
  if (schema.type === 'map') return compileMap(schema.values, schema);
  if (schema.type === 'any' && schema.oneOf !== undefined) return compileAlternatives(schema.oneOf);
  return scalarDecoders[schema.type](schema);
}

function compileArray(items: Schema, schema: Schema): Decoder {
  let item: Decoder | undefined;
  return (value, context) => {
    if (!Array.isArray(value)) throw wrongType(value, schema, context);
    item ??= decoderOf(items);
    for (let i = 0; i < value.length; i++) value[i] = value[i] === null ? zeroOf(items) : item(value[i], context);
    return value;
  };
}

function compileMap(values: Schema, schema: Schema): Decoder {
  let item: Decoder | undefined;
  return (value, context) => {
    if (jsonTypeOf(value) !== 'object') throw wrongType(value, schema, context);
    item ??= decoderOf(values);
    const map = value as JsonRecord;
    for (const key of Object.keys(map)) {
      const before = map[key];
      const after = before === null ? emptyOf(values) : item(before, context);
      // What is of no form is an empty value in Go, whose key stays.
      if (after !== before) setMember(map, key, after === undefined ? [] : after);
    }
    return map;
  };
}

/** A null value of a map: bytes come back as an empty text once they were stored. */
const emptyOf = (schema: Schema): unknown => (schema.type === 'byte' ? '' : zeroOf(schema));

/**
 * The alternative whose JSON type fits. Types in Go that take several forms have decoders of their own: unknown fields
 * below them are told to nobody, and a value of no form is refused where one form is a bool, and nothing elsewhere.
 */
function compileAlternatives(schemas: readonly Schema[]): Decoder {
  const takesBool = schemas.some(({ type }) => type === 'bool');
  return (value, context) => {
    const given = jsonTypeOf(value);
    const schema = schemas.find((candidate) => candidate.type === given);
    if (schema === undefined || (given === 'array' && (value as unknown[]).length === 0)) {
      if (takesBool) throw new DecodeError('boolean or JSON schema expected');
      return undefined;
    }
    const { unknown } = context;
    const decoded = decoderOf(schema)(value, context);
    context.unknown = unknown;
    return decoded;
  };
}

function compileObject(schema: ObjectSchema): Decoder {
  const struct = goName(schema.name).replace(/^.*\./, '');
  let plans: readonly FieldPlan[] | undefined;
  return (value, context) => {
    if (jsonTypeOf(value) !== 'object') throw wrongType(value, schema, context);
    plans ??= [...schema.fields.values()].map(planField);
    const input = value as JsonRecord;
    const outer = context.struct;
    const out: JsonRecord = {};
    let known = 0;
    for (const plan of plans) {
      const present = plan.inherited && !Object.hasOwn(input, plan.name) ? undefined : input[plan.name];
      if (present !== undefined) known++;
      if (present === undefined || present === null) {
        if (plan.zero !== undefined) setMember(out, plan.name, plan.zero());
        continue;
      }
      context.struct = struct;
      const { depth } = context;
      for (let i = 0; i < plan.embedded.length; i++) context.path[context.depth++] = plan.embedded[i] as string;
      context.path[context.depth++] = plan.name;
      const decoded = plan.decode(present, context);
      context.depth = depth;
      if (decoded === undefined) continue;
      if (plan.dropEmpty && isEmpty(decoded)) {
        if (plan.zero !== undefined) setMember(out, plan.name, plan.zero());
        if (plan.remembersEmpty) rememberEmpty(out, plan.name, decoded);
      } else setMember(out, plan.name, decoded);
    }
    context.struct = outer;
    if (countKeys(input) > known) takeUnknown(schema, input, out, context);
    return out;
  };
}

function countKeys(object: JsonRecord): number {
  let count = 0;
  for (const _ in object) count++;
  return count;
}

function takeUnknown(schema: ObjectSchema, input: JsonRecord, out: JsonRecord, context: DecodeContext): void {
  if (schema.preserveUnknownFields !== true) {
    context.unknown = true;
    return;
  }
  for (const key of Object.keys(input)) if (!schema.fields.has(key)) setMember(out, key, settled(input[key], context));
}

/** A value that is kept as it is. */
const settled = (value: unknown, context: DecodeContext): unknown =>
  context.literals === true ? withoutLiterals(value) : value;

function isEmpty(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value === '' || value === 0 || value === false;
  if (Array.isArray(value)) return value.length === 0;
  for (const _ in value) return false;
  return true;
}

function planField(field: FieldSchema): FieldPlan {
  const { schema } = field;
  const collection = schema.type === 'array' || schema.type === 'map' || schema.type === 'byte';
  const scalar = !collection && schema.type !== 'object';
  // Structs are left out only when they are absent; quantities and the like have no empty form of their own.
  const droppable = field.pointer !== true && (collection || (scalar && OMITTED_WHEN_ZERO.has(schema.type)));
  return {
    name: field.name,
    embedded: (field.wirePath ?? []).map(({ type }) => goName(type).replace(/^.*\./, '')),
    inherited: field.name in Object.prototype,
    decode: decoderOf(schema),
    dropEmpty: droppable && (field.omitempty === true || field.nullOut === true),
    remembersEmpty: collection,
    zero: field.always === true ? zeroFactory(field) : undefined,
  };
}

const OMITTED_WHEN_ZERO: ReadonlySet<string> = new Set(['string', 'bool', 'int32', 'int64', 'float64', 'duration']);

function zeroFactory(field: FieldSchema): () => unknown {
  if (field.nullOut === true) return () => null;
  return () => zeroOf(field.schema);
}

const zeroContext: DecodeContext = { path: [], depth: 0, struct: '', unknown: false };

/** What Go writes for the zero value of a type; a new value each time. */
export function zeroOf(schema: Schema): unknown {
  switch (schema.type) {
    case 'object':
      return decoderOf(schema)({}, zeroContext);
    case 'array':
    case 'map':
    case 'time':
    case 'microTime':
    case 'byte':
    case 'rawExtension':
    case 'fieldsV1':
    case 'json':
    case 'any':
      return null;
    case 'bool':
      return false;
    case 'int32':
    case 'int64':
    case 'float64':
    case 'intOrString':
      return 0;
    case 'quantity':
      return '0';
    case 'duration':
      return '0s';
    case 'string':
      return '';
  }
}
