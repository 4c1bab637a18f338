/** Values of expressions as JSON. */
import type { CelType } from '../../../machinery/cel/index.ts';
import type { Json } from '../../../machinery/meta.ts';

/** A value made with `Object.spec{…}`, which knows the name it was made with. */
export interface TypedObject {
  readonly type: CelType;
  readonly fields: Readonly<Record<string, unknown>>;
}

export function isTypedObject(value: unknown): value is TypedObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const { type, fields } = value as Partial<TypedObject>;
  return type?.kind === 'object' && typeof fields === 'object';
}

/** Throws an Error for values that JSON cannot hold. */
export function toJson(value: unknown): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number')
    return value;
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(toJson);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [textKey(key), toJson(inner)]));
  const fields = isTypedObject(value) ? value.fields : (value as Record<string, unknown>);
  return Object.fromEntries(Object.entries(fields).map(([key, inner]) => [key, toJson(inner)]));
}

function textKey(key: unknown): string {
  if (typeof key === 'string') return key;
  throw new Error(`map key ${String(key)} is not a string`);
}
