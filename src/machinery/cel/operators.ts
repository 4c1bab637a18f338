import {
  anyTypeType,
  boolType,
  bytesType,
  doubleType,
  durationType,
  dynType,
  intType,
  listOf,
  mapOf,
  nullType,
  optionalOf,
  stringType,
  timestampType,
  uintType,
} from './cel-type.ts';
import type { CelType } from './contract.ts';
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
  isInt,
  isMap,
} from './values.ts';
import { spend } from './work.ts';

const anyList = listOf(dynType);
const anyMap = mapOf(dynType, dynType);
const anyOptional = optionalOf(dynType);

/** The type of a value as `type()` gives it. */
export function runtimeType(value: unknown): CelType {
  switch (typeof value) {
    case 'string':
      return stringType;
    case 'boolean':
      return boolType;
    case 'bigint':
      return intType;
    case 'number':
      return Number.isInteger(value) ? intType : doubleType;
    default:
      return classType(value);
  }
}

function classType(value: unknown): CelType {
  if (value === null || value === undefined) return nullType;
  if (Array.isArray(value)) return anyList;
  if (value instanceof CelDouble) return doubleType;
  if (value instanceof CelUint) return uintType;
  if (value instanceof Uint8Array) return bytesType;
  if (value instanceof CelTimestamp) return timestampType;
  if (value instanceof CelDuration) return durationType;
  if (value instanceof CelTypeValue) return anyTypeType;
  if (value instanceof CelOptional) return anyOptional;
  if (value instanceof CelHostValue) return value.type;
  return anyMap;
}

/** The fault of an operation that a value does not have. */
export function noOverload(name?: string): CelFault {
  return new CelFault(name === undefined ? 'no such overload' : `no such overload: ${name}`);
}

/** The fault names the operator unless the left side knows it, or takes calls of any name as texts and times do. */
export function refused(known: boolean, left: unknown, name: string): CelFault {
  const receiver = typeof left === 'string' || left instanceof CelTimestamp || left instanceof CelDuration;
  return noOverload(known || receiver ? undefined : name);
}

/** An integer's or a double's size for comparisons across kinds, exact: BigInt for integers. */
function magnitude(value: unknown): number | bigint | undefined {
  if (isInt(value)) return value;
  if (value instanceof CelUint) return value.value;
  return asDouble(value);
}

/** -1, 0 or 1; throws where the values have no order. `name` is the operator for the error text. */
export function compare(left: unknown, right: unknown, name: string): number {
  if (typeof left === 'number' && typeof right === 'number') return compareNumbers(left, right);
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right);
  const a = magnitude(left);
  const b = magnitude(right);
  if (a !== undefined && b !== undefined) return compareNumbers(a, b);
  if (typeof left === 'boolean' && typeof right === 'boolean') return Number(left) - Number(right);
  if (left instanceof CelTimestamp && right instanceof CelTimestamp) return sign(left.nanos - right.nanos);
  if (left instanceof CelDuration && right instanceof CelDuration) return sign(left.nanos - right.nanos);
  if (left instanceof Uint8Array && right instanceof Uint8Array) return compareBytes(left, right);
  if (Number.isNaN(a)) throw new CelFault('NaN values cannot be ordered');
  throw refused(a !== undefined || comparable(left), left, name);
}

function compareNumbers(a: number | bigint, b: number | bigint): number {
  if (Number.isNaN(a) || Number.isNaN(b)) throw new CelFault('NaN values cannot be ordered');
  return a < b ? -1 : a > b ? 1 : 0;
}

function comparable(value: unknown): boolean {
  const scalar = typeof value === 'string' || typeof value === 'boolean' || value instanceof Uint8Array;
  return scalar || value instanceof CelTimestamp || value instanceof CelDuration;
}

function sign(value: bigint): number {
  return value < 0n ? -1 : value > 0n ? 1 : 0;
}

/** By code points, as UTF-8 bytes compare. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) {
    const [a, b] = [left.charCodeAt(at), right.charCodeAt(at)];
    if (a === b) continue;
    // A surrogate stands for a code point above all others of one unit.
    const [aWide, bWide] = [a >= 0xd800 && a <= 0xdfff, b >= 0xd800 && b <= 0xdfff];
    if (aWide !== bWide) return aWide ? 1 : -1;
    return a < b ? -1 : 1;
  }
  return left.length < right.length ? -1 : 1;
}

function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) {
    const difference = (left[at] as number) - (right[at] as number);
    if (difference !== 0) return difference < 0 ? -1 : 1;
  }
  return Math.sign(left.length - right.length);
}

/** How many characters, bytes, elements or entries; `undefined` for what has no size. */
export function sizeOf(value: unknown): number | undefined {
  if (typeof value === 'string') return codePoints(value);
  if (Array.isArray(value)) return value.length;
  if (value instanceof Uint8Array) return value.length;
  if (value instanceof Map) return value.size;
  if (value instanceof CelLazyObject || !isMap(value)) return undefined;
  const { length } = Object.keys(value);
  spend(length);
  return length;
}

export function codePoints(text: string): number {
  let count = text.length;
  if (count > 64) spend(count);
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit >= 0xd800 && unit < 0xdc00 && at + 1 < text.length) {
      count--;
      at++;
    }
  }
  return count;
}

/** How elements of a schema's set or map list are told apart; lists that know it compare without order. */
export const listIdentity = Symbol('list identity');

export interface IdentifiedList extends ReadonlyArray<unknown> {
  readonly [listIdentity]?: { readonly type: 'set' | 'map'; readonly keys: readonly string[] };
}

/** Two lists in one; lists of a schema that are sets or maps keep their elements apart. */
export function joinLists(left: IdentifiedList, right: readonly unknown[]): readonly unknown[] {
  const identity = left[listIdentity];
  spend(left.length + right.length);
  if (identity === undefined) return [...left, ...right];
  const joined = identity.type === 'set' ? unite(left, right) : overlay(left, right, identity.keys);
  return Object.assign(joined, { [listIdentity]: identity });
}

function unite(left: readonly unknown[], right: readonly unknown[]): unknown[] {
  spend(left.length * right.length);
  const united = [...left];
  for (const item of right) if (!united.some((other) => equal(item, other))) united.push(item);
  return united;
}

function keyOf(item: unknown, keys: readonly string[]): string {
  return JSON.stringify(keys.map((key) => (isMap(item) ? (lookup(item, key) ?? null) : null)));
}

/** The left list with the right's items in place of those of the same key, new ones behind. */
function overlay(left: readonly unknown[], right: readonly unknown[], keys: readonly string[]): unknown[] {
  const result = [...left];
  const places = new Map(left.map((item, index) => [keyOf(item, keys), index]));
  for (const item of right) {
    const place = places.get(keyOf(item, keys));
    if (place === undefined) result.push(item);
    else result[place] = item;
  }
  return result;
}

/** Equality across all kinds; numbers compare by value. */
export function equal(left: unknown, right: unknown): boolean {
  if (left === right) return !Number.isNaN(left);
  switch (typeof left) {
    case 'string':
    case 'boolean':
      return false;
    case 'number':
    case 'bigint':
      return equalNumbers(left, right);
    default:
      return left !== null && left !== undefined && equalObjects(left, right);
  }
}

function equalNumbers(left: unknown, right: unknown): boolean {
  const [a, b] = [magnitude(left), magnitude(right)];
  // biome-ignore lint/suspicious/noDoubleEquals: a bigint and a number of the same value are equal only so.
  return a !== undefined && b !== undefined && a == b;
}

function equalObjects(left: object, right: unknown): boolean {
  if (Array.isArray(left)) return Array.isArray(right) && equalLists(left, right);
  if (left instanceof CelDouble || left instanceof CelUint) return equalNumbers(left, right);
  if (left instanceof Uint8Array) return right instanceof Uint8Array && compareBytes(left, right) === 0;
  if (left instanceof CelTimestamp) return right instanceof CelTimestamp && left.nanos === right.nanos;
  if (left instanceof CelDuration) return right instanceof CelDuration && left.nanos === right.nanos;
  if (left instanceof CelTypeValue) return right instanceof CelTypeValue && left.name === right.name;
  if (left instanceof CelOptional) {
    return (
      right instanceof CelOptional &&
      left.present === right.present &&
      (!left.present || equal(left.value, right.value))
    );
  }
  if (left instanceof CelHostValue)
    return right instanceof CelHostValue && left.type.name === right.type.name && left.equals(right);
  return isMap(left) && isMap(right) && equalMaps(left, right);
}

function equalLists(left: IdentifiedList, right: readonly unknown[]): boolean {
  if (left.length !== right.length) return false;
  const identity = left[listIdentity];
  spend(identity?.type === 'set' ? left.length * right.length : left.length);
  if (identity === undefined) return left.every((item, index) => equal(item, right[index]));
  if (identity.type === 'set') return left.every((item) => right.some((other) => equal(item, other)));
  const others = new Map(right.map((item) => [keyOf(item, identity.keys), item]));
  return left.every((item) => {
    const other = others.get(keyOf(item, identity.keys));
    return other !== undefined && equal(item, other);
  });
}

function equalMaps(left: MapValue, right: MapValue): boolean {
  const keys = keysOf(left);
  if (keys.length !== keysOf(right).length) return false;
  return keys.every((key) => {
    const other = find(right, key);
    return other !== missing && equal(find(left, key), other);
  });
}

export type MapValue = Record<string, unknown> | Map<unknown, unknown> | CelLazyObject;

/** What `find` gives for a key that is not there. */
export const missing = Symbol('missing');

export function keysOf(map: MapValue): readonly unknown[] {
  const keys = map instanceof Map ? [...map.keys()] : map instanceof CelLazyObject ? [] : Object.keys(map);
  spend(2 * keys.length);
  return keys;
}

function lookup(map: MapValue, key: string): unknown {
  const found = find(map, key);
  return found === missing ? undefined : found;
}

/** The value of a key, numbers by value, or `missing`. */
export function find(map: MapValue, key: unknown): unknown {
  if (map instanceof CelLazyObject) return typeof key === 'string' && map.has(key) ? map.get(key) : missing;
  if (map instanceof Map) {
    if (map.has(key)) return map.get(key);
    if (typeof key === 'string' || typeof key === 'boolean') return missing;
    spend(map.size);
    for (const [other, value] of map) if (equal(key, other)) return value;
    return missing;
  }
  return typeof key === 'string' && Object.hasOwn(map, key) ? map[key] : missing;
}
