import type { CelType } from './contract.ts';
import { CelObject } from './objects.ts';
import { find, missing, runtimeType } from './operators.ts';
import type { Run } from './run.ts';
import { unwrapOptional } from './unification.ts';
import { asDouble, CelDouble, CelFault, CelOptional, CelUint, isInt, isMap, isRecord } from './values.ts';

/** A field as it is written, where it lies in the value, and whether null there means that it is absent. */
export interface FieldKey {
  readonly name: string;
  readonly key: string;
  readonly nullIsAbsent: boolean;
}

/** How a field of a type is found in its values. */
export function fieldOf(type: CelType, name: string): FieldKey & { readonly type?: CelType } {
  const container = unwrapOptional(type).type;
  const field = container.kind === 'object' ? container.fields?.().get(name) : undefined;
  const nullIsAbsent = container.nullIsAbsent === true;
  if (field !== undefined) return { key: field.key, name, nullIsAbsent, type: field.type };
  const value = container.kind === 'map' ? container.params[1] : undefined;
  return { key: name, name, nullIsAbsent, ...(value === undefined ? {} : { type: value }) };
}

/** Reads a key of a value, `missing` where it is not there. */
function lookup(value: unknown, { key, nullIsAbsent }: FieldKey): unknown {
  let found: unknown = missing;
  if (isRecord(value)) {
    if (Object.hasOwn(value, key)) found = value[key];
  } else if (isMap(value)) found = find(value, key);
  else if (value instanceof CelObject) return Object.hasOwn(value.fields, key) ? value.fields[key] : missing;
  else if (Array.isArray(value)) throw new CelFault(`unsupported index type 'string' in list`);
  return found === undefined || (nullIsAbsent && found === null) ? missing : found;
}

/** `value.key`: through an optional it gives an optional. */
export function selectKey(run: Run, value: unknown, field: FieldKey): unknown {
  if (value instanceof CelOptional) return optionalKey(run, value, field);
  const found = value instanceof CelObject ? value.read(field.key) : lookup(value, field);
  run.charge(1);
  if (found === missing) throw new CelFault(`no such key: ${field.name}`);
  return found;
}

/** `value.?key` */
export function optionalKey(run: Run, value: unknown, field: FieldKey): CelOptional {
  let inner = value;
  if (value instanceof CelOptional) {
    if (!value.present) return value;
    inner = value.value;
  }
  const found = lookup(inner, field);
  if (found === missing) return CelOptional.none;
  run.charge(1);
  return CelOptional.of(found);
}

/** `has(value.key)` */
export function presence(run: Run, value: unknown, field: FieldKey): boolean {
  let inner = value;
  if (value instanceof CelOptional) {
    if (!value.present) return false;
    inner = value.value;
  }
  run.charge(1);
  return lookup(inner, field) !== missing;
}

/** The position that a value means in a list, if it is a whole number. */
function position(index: unknown): number {
  if (isInt(index)) return Number(index);
  if (index instanceof CelUint) return Number(index.value);
  if (index instanceof CelDouble) return index.value;
  if (asDouble(index) !== undefined) throw new CelFault(`unsupported index value ${String(index)} in list`);
  throw new CelFault(`unsupported index type '${runtimeType(index).name}' in list`);
}

/** How error texts show the key that was not found. */
function shownKey(key: unknown): string {
  if (key instanceof CelUint || key instanceof CelDouble) return String(key.value);
  return String(key);
}

const goTypes: Readonly<Record<string, readonly [dynamic: string, constant: string]>> = {
  null: ['<nil>', 'types.Null'],
  list: ['[]interface {}', '*types.baseList'],
  map: ['map[string]interface {}', '*types.baseMap'],
  type: ['*types.Type', '*types.Type'],
  timestamp: ['types.Timestamp', 'types.Timestamp'],
  duration: ['types.Duration', 'types.Duration'],
  bytes: ['types.Bytes', 'types.Bytes'],
  opaque: ['*types.Optional', '*types.Optional'],
};

/** Refuses what can be no key and no index, in upstream's words. */
export function checkIndex(index: unknown, constant: boolean): void {
  if (typeof index !== 'object' || index instanceof CelUint || index instanceof CelDouble) return;
  const names = goTypes[runtimeType(index).kind];
  throw new CelFault(`invalid qualifier type: ${names?.[constant ? 1 : 0] ?? runtimeType(index).name}`);
}

function element(value: unknown, index: unknown): unknown {
  checkIndex(index, false);
  if (Array.isArray(value)) {
    const at = position(index);
    return at >= 0 && at < value.length ? (value as unknown[])[at] : missing;
  }
  return isMap(value) ? find(value, index) : missing;
}

/** `value[index]`: through an optional it gives an optional. */
export function indexValue(run: Run, value: unknown, index: unknown): unknown {
  if (value instanceof CelOptional) return optionalIndex(run, value, index);
  const found = element(value, index);
  run.charge(1);
  if (found !== missing) return found;
  throw new CelFault(`${Array.isArray(value) ? 'index out of bounds' : 'no such key'}: ${shownKey(index)}`);
}

/** `value[?index]` */
export function optionalIndex(run: Run, value: unknown, index: unknown): CelOptional {
  let inner = value;
  if (value instanceof CelOptional) {
    if (!value.present) return value;
    inner = value.value;
  }
  const found = element(inner, index);
  if (found === missing) return CelOptional.none;
  run.charge(1);
  return CelOptional.of(found);
}
