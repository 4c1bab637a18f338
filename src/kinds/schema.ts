/**
 * Unpacks the generated types into schemas, each on first use. The packed form of a type is a name of another type, a
 * scalar, or `[head, ...fields]` with fields `[name, type, flags, protobuf number, extras?]`. A type is written
 * `string`, `core/v1.Pod`, `[]…` for lists and `{}…` for maps.
 */
import type { FieldSchema, ObjectSchema, ScalarType, Schema } from '../machinery/schema.ts';
import { packedTypes } from './generated/schemas/index.ts';

interface PackedHead {
  o?: string;
  g?: string[];
  t?: 'atomic' | 'granular';
  u?: unknown[];
  /** Alternatives, for types that JSON writes as one of several forms. */
  x?: string[];
}

interface PackedExtras {
  k?: string[];
  s?: string;
  m?: string;
  d?: unknown;
  e?: string[];
  /** Protobuf type where it does not follow from the type. */
  w?: string;
  i?: [type: string, proto: number][];
  /** Enum of the items. */
  ie?: string[];
  /** Go's name of a named type, of the items' type, and of the types of a map's keys and values. */
  n?: string;
  in?: string;
  kn?: string;
  vn?: string;
}

type PackedField = [name: string, type: string, flags: string, proto: number, extras?: PackedExtras];
type PackedType = string | [PackedHead, ...PackedField[]];

const SCALARS: ReadonlySet<string> = new Set<ScalarType>([
  'string',
  'bool',
  'int32',
  'int64',
  'float64',
  'byte',
  'time',
  'microTime',
  'duration',
  'quantity',
  'intOrString',
  'fieldsV1',
  'rawExtension',
  'json',
  'any',
]);
const WIRES: Record<string, string> = {
  float64: 'double',
  byte: 'bytes',
  time: 'meta/v1.Time',
  microTime: 'meta/v1.MicroTime',
};
const LIST_TYPES: Record<string, 'atomic' | 'set' | 'map'> = { A: 'atomic', S: 'set', M: 'map' };

const parsed = new Map<string, Record<string, PackedType>>();
const resolved = new Map<string, Schema>();

/** The names of the types of a group-version (`core/v1`). */
export function typeNames(groupVersion: string): string[] {
  return Object.keys(typesOf(groupVersion));
}

/** The packed types of a group-version: changes exactly when one of them does. Undefined for custom groups. */
export const typesText = (group: string, version: string): string | undefined =>
  packedTypes[`${group === '' ? 'core' : group}/${version}`];

/** The schema of a built-in type by its name, such as `core/v1.Pod`; throws for a name that does not exist. */
export function objectSchema(name: string): ObjectSchema {
  const schema = schemaOf(name);
  if (schema.type !== 'object') throw new Error(`${name} is not an object type`);
  return schema;
}

/** The schema of the body of a kind, served or not (`DeleteOptions`, `Scale` …); undefined when there is none. */
export function schemaOfKind(group: string, version: string, kind: string): ObjectSchema | undefined {
  const groupVersion = `${group === '' ? 'core' : group}/${version}`;
  if (packedTypes[groupVersion] === undefined || !Object.hasOwn(typesOf(groupVersion), kind)) return undefined;
  const schema = schemaOf(`${groupVersion}.${kind}`);
  return schema.type === 'object' ? schema : undefined;
}

function typesOf(groupVersion: string): Record<string, PackedType> {
  let types = parsed.get(groupVersion);
  if (types === undefined) {
    const packed = packedTypes[groupVersion];
    if (packed === undefined) throw new Error(`no types of ${groupVersion}`);
    types = JSON.parse(packed) as Record<string, PackedType>;
    parsed.set(groupVersion, types);
  }
  return types;
}

function schemaOf(type: string): Schema {
  const known = resolved.get(type);
  if (known !== undefined) return known;
  const schema = resolve(type);
  resolved.set(type, schema);
  return schema;
}

function resolve(type: string): Schema {
  if (type.startsWith('[]')) return { type: 'array', items: schemaOf(type.slice(2)) };
  if (type.startsWith('{}')) return { type: 'map', values: schemaOf(type.slice(2)) };
  if (SCALARS.has(type)) return { type: type as ScalarType };
  const dot = type.lastIndexOf('.');
  if (dot < 0) throw new Error(`no type ${type}`);
  const packed = SPECIAL[type] ?? typesOf(type.slice(0, dot))[type.slice(dot + 1)];
  if (packed === undefined) throw new Error(`no type ${type}`);
  if (typeof packed === 'string') return schemaOf(packed);
  const [head, ...fields] = packed;
  if (fields.length === 0 && head.x !== undefined)
    return { type: 'any', oneOf: lazyAlternatives(head.x), ...(head.o ? { openapi: head.o } : {}) };
  return new TypeSchema(type, head, fields);
}

/** The few types outside any group-version. */
const SPECIAL: Record<string, string> = {
  'runtime.RawExtension': 'rawExtension',
  'intstr.IntOrString': 'intOrString',
  'resource.Quantity': 'quantity',
};

/** Alternatives refer back to their own type, so they are resolved when they are walked. */
function lazyAlternatives(types: readonly string[]): readonly Schema[] {
  const list: Schema[] = [];
  types.forEach((type, index) => {
    Object.defineProperty(list, index, { get: () => schemaOf(type), enumerable: true });
  });
  return list;
}

class TypeSchema implements ObjectSchema {
  readonly type = 'object';
  readonly name: string;
  readonly openapi?: string;
  readonly gvk?: readonly string[];
  readonly unions?: readonly unknown[];
  readonly mapType?: 'atomic' | 'granular';
  readonly #packed: readonly PackedField[];
  #fields: Map<string, FieldSchema> | undefined;

  constructor(name: string, head: PackedHead, fields: readonly PackedField[]) {
    this.name = name;
    if (head.o !== undefined) this.openapi = head.o;
    if (head.g !== undefined) this.gvk = head.g;
    if (head.u !== undefined) this.unions = head.u;
    if (head.t !== undefined) this.mapType = head.t;
    this.#packed = fields;
  }

  get fields(): ReadonlyMap<string, FieldSchema> {
    this.#fields ??= new Map(this.#packed.map((packed) => [packed[0], new TypeField(packed)]));
    return this.#fields;
  }
}

class TypeField implements FieldSchema {
  readonly name: string;
  readonly required?: boolean;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly pointer?: boolean;
  readonly omitempty?: boolean;
  readonly always?: boolean;
  readonly nullOut?: boolean;
  readonly patchStrategy?: string;
  readonly patchMergeKey?: string;
  readonly proto?: number;
  readonly wire?: string;
  readonly wirePath?: readonly { type: string; proto: number }[];
  readonly zeroDefault?: boolean;
  readonly zeroItems?: boolean;
  readonly #packed: PackedField;
  #schema: Schema | undefined;

  constructor(packed: PackedField) {
    const [name, type, flags, proto, extras] = packed;
    this.#packed = packed;
    this.name = name;
    if (flags.includes('r')) this.required = true;
    if (flags.includes('p')) this.pointer = true;
    if (flags.includes('o') || flags.includes('z')) this.omitempty = true;
    if (flags.includes('a')) this.always = true;
    if (flags.includes('n')) this.nullOut = true;
    if (flags.includes('d')) this.zeroDefault = true;
    if (flags.includes('i')) this.zeroItems = true;
    if (extras?.d !== undefined) this.default = extras.d;
    if (extras?.e !== undefined) this.enum = extras.e;
    if (extras?.s !== undefined) this.patchStrategy = extras.s;
    if (extras?.m !== undefined) this.patchMergeKey = extras.m;
    if (extras?.i !== undefined) this.wirePath = extras.i.map(([step, number]) => ({ type: step, proto: number }));
    if (proto !== 0) {
      this.proto = proto;
      this.wire = extras?.w ?? wireOf(type);
    }
  }

  get schema(): Schema {
    this.#schema ??= this.#build();
    return this.#schema;
  }

  #build(): Schema {
    const [, type, flags, , extras] = this.#packed;
    const plain = namedMap(schemaOf(type), extras);
    const goName = extras?.n === undefined ? {} : { goName: extras.n };
    if (plain.type === 'array') {
      const list = flags.match(/[ASM]/)?.[0];
      return {
        type: 'array',
        ...goName,
        items: itemsOf(plain.items, extras),
        ...(list === undefined ? {} : { listType: LIST_TYPES[list] }),
        ...(extras?.k === undefined ? {} : { listMapKeys: extras.k }),
      };
    }
    if (plain.type === 'string' && extras?.e !== undefined)
      return { type: 'string', ...goName, enum: extras.e, enumPublished: true };
    const mapType = flags.includes('T') ? 'atomic' : flags.includes('G') ? 'granular' : undefined;
    if (plain.type === 'object') return mapType === undefined ? plain : withMapType(plain, mapType);
    if (mapType !== undefined && plain.type === 'map') return { ...plain, ...goName, mapType };
    return extras?.n === undefined ? plain : { ...plain, ...goName };
  }
}

/** A map whose keys or values are of named types. */
function namedMap(plain: Schema, extras: PackedExtras | undefined): Schema {
  if (plain.type !== 'map' || (extras?.kn === undefined && extras?.vn === undefined)) return plain;
  const { values } = plain;
  const named = extras.vn === undefined || values.type === 'object' ? values : { ...values, goName: extras.vn };
  return { ...plain, ...(extras.kn === undefined ? {} : { keyGoName: extras.kn }), values: named };
}

/** What the items of a list have beyond their type's code. */
function itemsOf(plain: Schema, extras: PackedExtras | undefined): Schema {
  if (plain.type !== 'string' || (extras?.ie === undefined && extras?.in === undefined)) return plain;
  return {
    type: 'string',
    ...(extras.in === undefined ? {} : { goName: extras.in }),
    ...(extras.ie === undefined ? {} : { enum: extras.ie }),
  };
}

/** The same type with another merge behaviour at one place; its fields stay lazy. */
function withMapType(schema: ObjectSchema, mapType: 'atomic' | 'granular'): ObjectSchema {
  return Object.create(schema, {
    mapType: { value: mapType, enumerable: true },
    fields: { get: () => schema.fields, enumerable: true },
  });
}

function wireOf(type: string): string {
  if (type.startsWith('[]')) return `repeated ${wireOf(type.slice(2))}`;
  if (type.startsWith('{}')) return `map<string,${wireOf(type.slice(2))}>`;
  return WIRES[type] ?? type;
}
