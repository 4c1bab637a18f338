/**
 * Schemas as structured merge sees them: each type is a leaf, a struct, a map or a keyed list. Built from a schema on
 * first use and kept with it, so that walks need no look-up by name.
 * Upstream: structured-merge-diff/schema, kube-openapi schemaconv.
 */

import { memberOf } from '../own-member.ts';
import { quote } from '../quote.ts';
import type { ArraySchema, FieldSchema, MapSchema, ObjectSchema, ScalarType, Schema } from '../schema.ts';
import { goJson } from './field-set.ts';

/** `leaf`: compared and owned whole. `deduced`: what the value is decides; maps are granular, lists are leaves. */
export type Form = 'leaf' | 'struct' | 'map' | 'list' | 'deduced';

export type LeafType = 'numeric' | 'string' | 'boolean' | 'scalar' | 'untyped' | 'list' | 'map';

/** A field that upstream's types write even when it is empty, so that it is never absent from a present struct. */
export interface AlwaysField {
  readonly name: string;
  readonly type: TypedNode;
  readonly zero: unknown;
}

export type JsonMap = Record<string, unknown>;

/** An item of a keyed list that nothing identifies; `message` is upstream's. */
export class UnnamedItemError extends Error {
  override readonly name = 'UnnamedItemError';
}

export function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const LEAF_TYPES: Readonly<Partial<Record<ScalarType, LeafType>>> = {
  string: 'string',
  bool: 'boolean',
  int32: 'numeric',
  int64: 'numeric',
  float64: 'numeric',
  byte: 'string',
  time: 'scalar',
  microTime: 'scalar',
  duration: 'string',
  quantity: 'scalar',
};

const nodes = new WeakMap<Schema, TypedNode>();

/** The node of a schema. */
export function typedNode(schema: Schema): TypedNode {
  let node = nodes.get(schema);
  if (node === undefined) {
    node = new TypedNode(schema);
    nodes.set(schema, node);
  }
  return node;
}

export class TypedNode {
  readonly form: Form;
  /** What a leaf accepts. */
  readonly leaf: LeafType;
  /** Field names that identify an item of a list; none for a set. */
  readonly keys: readonly string[];
  readonly #schema: Schema;
  readonly #children = new Map<string, TypedNode | undefined>();
  #element: TypedNode | undefined;
  #always: readonly AlwaysField[] | undefined;
  #keyDefaults: readonly unknown[] | undefined;

  constructor(schema: Schema) {
    this.#schema = schema;
    this.form = formOf(schema);
    this.leaf = leafOf(schema);
    this.keys = schema.type === 'array' && schema.listType === 'map' ? [...(schema.listMapKeys ?? [])].sort() : [];
  }

  /** The type of a field of a struct or an entry of a map; undefined for a field that is not declared. */
  child(name: string): TypedNode | undefined {
    if (this.form === 'map' || this.form === 'list') return this.element;
    if (this.form === 'deduced') return this;
    const known = this.#children.get(name);
    if (known !== undefined || this.#children.has(name)) return known;
    const schema = this.#schema as ObjectSchema;
    const field = schema.fields?.get(name);
    let node: TypedNode | undefined;
    if (field !== undefined) node = typedNode(field.schema);
    else if (schema.preserveUnknownFields === true) node = DEDUCED;
    if (field !== undefined || this.#children.size < 1000) this.#children.set(name, node);
    return node;
  }

  /** The type of a member of a leaf that is a map or a struct inside. */
  atomicChild(name: string): TypedNode | undefined {
    const schema = this.#schema;
    if (schema.type === 'map') return this.element;
    if (schema.type !== 'object') return DEDUCED;
    const field = schema.fields.get(name);
    if (field !== undefined) return typedNode(field.schema);
    return schema.preserveUnknownFields === true ? DEDUCED : undefined;
  }

  /** Whether the name is a declared field of a struct (and no entry of a map). */
  declares(name: string): boolean {
    return this.form === 'struct' && (this.#schema as ObjectSchema).fields.has(name);
  }

  /** Type of the items of a list or the values of a map. */
  get element(): TypedNode {
    if (this.#element === undefined) {
      const schema = this.#schema as ArraySchema | MapSchema;
      this.#element = typedNode(schema.type === 'array' ? schema.items : schema.values);
    }
    return this.#element;
  }

  get always(): readonly AlwaysField[] {
    if (this.#always === undefined) {
      this.#always = [];
      if (this.#schema.type === 'object') this.#always = alwaysOf(this.#schema);
    }
    return this.#always;
  }

  /**
   * How paths name an item of this list: `k:{"name":"x"}` or `v:"x"`. Throws an UnnamedItemError for an item that has
   * no name.
   */
  itemElement(item: unknown): string {
    if (this.keys.length === 0) return setElement(item);
    if (item === null || item === undefined) {
      throw new UnnamedItemError('associative list with keys may not have a null element');
    }
    if (!isMap(item)) throw new UnnamedItemError('associative list with keys may not have non-map elements');
    let text = '';
    for (let i = 0; i < this.keys.length; i++) {
      const name = this.keys[i]!;
      const given = memberOf(item, name);
      // A key that is null is one all the same; only defaults that are none leave it out.
      const value = given === undefined ? (this.keyDefaults[i] ?? undefined) : given;
      if (value === undefined) continue;
      text += `${text === '' ? '' : ','}"${name}":${typeof value === 'number' ? value : goJson(value)}`;
    }
    if (text === '') {
      const names = (this.#schema as ArraySchema).listMapKeys ?? [];
      throw new UnnamedItemError(
        `associative list with keys has an element that omits all key fields [${names.map((n) => quote(n)).join(' ')}] (and doesn't have default values for any key fields)`,
      );
    }
    return `k:{${text}}`;
  }

  /** Whether two items have the same name; false as well where one has none, or one that is no scalar. */
  sameName(a: unknown, b: unknown): boolean {
    if (this.keys.length === 0) return a === b && a !== undefined && typeof a !== 'object';
    if (!isMap(a) || !isMap(b)) return false;
    let named = false;
    for (let i = 0; i < this.keys.length; i++) {
      const name = this.keys[i]!;
      const value = memberOf(a, name) ?? this.keyDefaults[i] ?? undefined;
      if (value !== (memberOf(b, name) ?? this.keyDefaults[i] ?? undefined) || typeof value === 'object') return false;
      if (value !== undefined) named = true;
    }
    return named;
  }

  private get keyDefaults(): readonly unknown[] {
    if (this.#keyDefaults === undefined) {
      const items = (this.#schema as ArraySchema).items;
      this.#keyDefaults = this.keys.map((name) =>
        defaultOf(items.type === 'object' ? items.fields.get(name) : undefined),
      );
    }
    return this.#keyDefaults;
  }
}

/** Anything: what the value is decides. */
const DEDUCED: TypedNode = typedNode({ type: 'any' });

function formOf(schema: Schema): Form {
  switch (schema.type) {
    case 'array':
      return schema.listType === 'map' || schema.listType === 'set' ? 'list' : 'leaf';
    case 'map':
      return schema.mapType === 'atomic' ? 'leaf' : 'map';
    case 'object':
      if (schema.mapType === 'atomic') return 'leaf';
      return schema.preserveUnknownFields === true && schema.fields.size === 0 ? 'deduced' : 'struct';
    case 'any':
      return 'deduced';
    default:
      return 'leaf';
  }
}

function leafOf(schema: Schema): LeafType {
  if (schema.type === 'array') return 'list';
  if (schema.type === 'map' || schema.type === 'object') return 'map';
  if (schema.type === 'json' && schema.isScalar === true) return 'scalar';
  return LEAF_TYPES[schema.type] ?? 'untyped';
}

function alwaysOf(schema: ObjectSchema): AlwaysField[] {
  const out: AlwaysField[] = [];
  for (const field of schema.fields.values()) {
    if (field.always !== true) continue;
    out.push({ name: field.name, type: typedNode(field.schema), zero: zeroOf(field) });
  }
  return out;
}

function zeroOf(field: FieldSchema): unknown {
  if (field.nullOut === true) return null;
  const schema = field.schema;
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(alwaysOf(schema).map((inner) => [inner.name, inner.zero]));
    case 'array':
      return [];
    case 'map':
      return {};
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
    case 'byte':
      return '';
    default:
      return null;
  }
}

/** What the published schema gives as default; for a plain field that is its zero. */
function defaultOf(field: FieldSchema | undefined): unknown {
  if (field === undefined || field.default !== undefined) return field?.default;
  return field.zeroDefault === true ? zeroOf(field) : undefined;
}

function setElement(item: unknown): string {
  if (isMap(item)) throw new UnnamedItemError("associative list without keys has an element that's a map type");
  if (Array.isArray(item)) throw new UnnamedItemError('not supported: associative list with lists as elements');
  if (item === null || item === undefined) {
    throw new UnnamedItemError("associative list without keys has an element that's an explicit null");
  }
  return `v:${goJson(item)}`;
}
