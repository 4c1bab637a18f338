/** Objects that mutating policies build: `Object{…}` of any shape, and `JSONPatch{…}`. */
import { dynType, fieldOf, objectOf, stringType } from './cel-type.ts';
import type { CelField, CelType } from './contract.ts';
import { formatDouble, toText } from './convert.ts';
import { equal, runtimeType } from './operators.ts';
import {
  asDouble,
  CelDouble,
  CelDuration,
  CelFault,
  CelHostValue,
  CelLazyObject,
  CelOptional,
  CelTimestamp,
  CelTypeValue,
  CelUint,
} from './values.ts';

/** Every name is a field. */
class AnyFields extends Map<string, CelField> {
  override get(name: string): CelField {
    return fieldOf(name, dynType);
  }
}

const dynamicTypes = new Map<string, CelType>();
/** Names come from expressions; beyond this many they are made anew. */
const maxDynamicTypes = 1000;

/** The type that a name like `Object.spec.containers` stands for. Upstream: pkg/cel/mutation/dynamic */
function dynamicType(name: string): CelType {
  let type = dynamicTypes.get(name);
  if (type === undefined) {
    const fields = new AnyFields();
    type = { ...objectOf(name, () => []), fields: () => fields };
    if (dynamicTypes.size < maxDynamicTypes) dynamicTypes.set(name, type);
  }
  return type;
}

const textFields: ReadonlySet<string> = new Set(['op', 'path', 'from']);
/** The type upstream has for fields that a patch does not have: one that nothing fits. */
const noType: CelType = { kind: 'object', name: '', params: [] };

/** Every name is found, as upstream finds it. */
class PatchFields extends Map<string, CelField> {
  override get(name: string): CelField {
    if (textFields.has(name)) return fieldOf(name, stringType);
    return fieldOf(name, name === 'value' ? dynType : noType);
  }
}

const patchFields = new PatchFields();
const jsonPatchType: CelType = { ...objectOf('JSONPatch', () => []), fields: () => patchFields };

/** The type of a name that mutating policies may build, if it is one. */
export function patchType(name: string): CelType | undefined {
  if (name === 'JSONPatch') return jsonPatchType;
  return name === 'Object' || name.startsWith('Object.') ? dynamicType(name) : undefined;
}

/** What `Object{…}` and `JSONPatch{…}` give. */
export class CelObject extends CelHostValue {
  readonly type: CelType;
  readonly fields: Readonly<Record<string, unknown>>;

  /** Throws a fault for what a patch cannot have. */
  constructor(type: CelType, fields: Readonly<Record<string, unknown>>) {
    super();
    if (type === jsonPatchType) checkPatch(fields);
    this.type = type;
    this.fields = fields;
  }

  /** A field; where it is not set, what upstream reads instead. */
  read(name: string): unknown {
    return Object.hasOwn(this.fields, name)
      ? this.fields[name]
      : this.type === jsonPatchType && textFields.has(name)
        ? ''
        : null;
  }

  equals(other: CelHostValue): boolean {
    if (!(other instanceof CelObject) || other.type.name !== this.type.name) return false;
    const names = Object.keys(this.fields);
    if (names.length !== Object.keys(other.fields).length) return false;
    return names.every((name) => Object.hasOwn(other.fields, name) && equal(this.fields[name], other.fields[name]));
  }
}

function checkPatch(fields: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'value' || (textFields.has(name) && typeof value === 'string')) continue;
    if (!textFields.has(name)) throw new CelFault(`unexpected JSONPatchType field: ${name}`);
    throw new CelFault(`unexpected type ${runtimeType(value).name} for JSONPatchType '${name}' field`);
  }
}

function keyText(key: unknown): string {
  if (typeof key === 'string') return key;
  if (typeof key === 'object' && key !== null && !(key instanceof CelUint) && !(key instanceof CelDouble)) {
    throw new CelFault(`unsupported map key`);
  }
  return toText(key);
}

/**
 * A value as JSON, as upstream converts it to protobuf's Value: integers that are not exact become texts, bytes base64,
 * instants and durations their texts. Throws `CelFault` for what has no JSON.
 */
export function toJson(value: unknown): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return String(value);
  const double = asDouble(value);
  if (double !== undefined)
    return Number.isFinite(double)
      ? double
      : formatDouble(double).replace('+Inf', 'Infinity').replace('-Inf', '-Infinity');
  if (typeof value === 'number') return value;
  if (Array.isArray(value)) return value.map(toJson);
  if (value instanceof CelObject) return record(Object.entries(value.fields));
  if (value instanceof Map) return record([...value].map(([key, inner]) => [keyText(key), inner]));
  if (value instanceof Uint8Array) return btoa(String.fromCharCode(...value));
  if (value instanceof CelUint) return value.value <= 9007199254740991n ? Number(value.value) : String(value.value);
  if (value instanceof CelTimestamp || value instanceof CelDuration) return toText(value);
  if (value instanceof CelOptional) return value.present ? toJson(value.value) : null;
  if (value instanceof CelTypeValue) return value.name;
  if (typeof value === 'object' && !(value instanceof CelHostValue) && !(value instanceof CelLazyObject))
    return record(Object.entries(value));
  throw new CelFault('unsupported native conversion to JSON');
}

function record(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries(entries.map(([key, inner]) => [key, toJson(inner)]));
}
