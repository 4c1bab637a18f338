import { CelObject } from './objects.ts';
import { find, missing, noOverload, runtimeType } from './operators.ts';
import type { Run } from './run.ts';
import { CelDouble, CelFault, CelOptional, CelUint, isInt, isMap } from './values.ts';

/** Reads a key of a value, `missing` where it is not there. */
function lookup(value: unknown, key: string): unknown {
  if (isMap(value)) return find(value, key);
  if (value instanceof CelObject) return Object.hasOwn(value.fields, key) ? value.fields[key] : missing;
  if (Array.isArray(value)) throw new CelFault(`unsupported index type 'string' in list`);
  return missing;
}

/** `value.key`: through an optional it gives an optional. */
export function selectKey(run: Run, value: unknown, key: string, shown: string): unknown {
  if (value instanceof CelOptional) return optionalKey(run, value, key);
  const found = lookup(value, key);
  run.charge(1);
  if (found === missing || found === undefined) throw new CelFault(`no such key: ${shown}`);
  return found;
}

/** `value.?key` */
export function optionalKey(run: Run, value: unknown, key: string): CelOptional {
  let inner = value;
  if (value instanceof CelOptional) {
    if (!value.present) return value;
    inner = value.value;
  }
  const found = lookup(inner, key);
  if (found === missing || found === undefined) return CelOptional.none;
  run.charge(1);
  return CelOptional.of(found);
}

/** `has(value.key)` */
export function presence(run: Run, value: unknown, key: string): boolean {
  let inner = value;
  if (value instanceof CelOptional) {
    if (!value.present) return false;
    inner = value.value;
  }
  run.charge(1);
  const found = lookup(inner, key);
  return found !== missing && found !== undefined;
}

/** The position that a value means in a list, if it is a whole number. */
function position(index: unknown): number {
  if (isInt(index)) return Number(index);
  if (index instanceof CelUint) return Number(index.value);
  if (index instanceof CelDouble) return index.value;
  throw new CelFault(`unsupported index type '${runtimeType(index).name}' in list`);
}

/** How error texts show the key that was not found. */
function shownKey(key: unknown): string {
  if (key instanceof CelUint || key instanceof CelDouble) return String(key.value);
  return String(key);
}

function element(value: unknown, index: unknown): unknown {
  if (Array.isArray(value)) {
    const at = position(index);
    return at >= 0 && at < value.length ? (value as unknown[])[at] : missing;
  }
  if (!isMap(value)) return missing;
  return typeof index === 'object' && index !== null && !(index instanceof CelUint || index instanceof CelDouble)
    ? refuseKey()
    : find(value, index);
}

function refuseKey(): never {
  throw noOverload();
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
