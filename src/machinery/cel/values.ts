/**
 * How values look while an expression runs. JSON values are themselves: strings, booleans, null, arrays, plain objects
 * (maps with text keys). A number that is integral is an int, any other a double; what does not fit has a class here.
 */
import type { CelType } from './contract.ts';

/** Fails an evaluation; the message is upstream's. */
export class CelFault extends Error {
  override readonly name = 'CelFault';
  /** The cost limit stopped it, which nothing absorbs. */
  readonly limit: boolean;
  constructor(message: string, limit = false) {
    super(message);
    this.limit = limit;
  }
}

/** A double that happens to be integral, which a plain number would take for an int. */
export class CelDouble {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

export class CelUint {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

/** An instant in nanoseconds since 1970, and the offset from UTC in minutes that it was written with. */
export class CelTimestamp {
  readonly nanos: bigint;
  readonly zone: number;
  constructor(nanos: bigint, zone = 0) {
    this.nanos = nanos;
    this.zone = zone;
  }
}

export class CelDuration {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class CelOptional {
  readonly value: unknown;
  readonly present: boolean;
  private constructor(present: boolean, value: unknown) {
    this.present = present;
    this.value = value;
  }
  static readonly none = new CelOptional(false, undefined);
  static of(value: unknown): CelOptional {
    return new CelOptional(true, value);
  }
}

/** A type as a value: what `type(x)` gives and `int` names. */
export class CelTypeValue {
  readonly type: CelType;
  constructor(type: CelType) {
    this.type = type;
  }
  /** The name alone: types as values do not know their parameters. */
  get name(): string {
    return this.type.name;
  }
}

/** Values of libraries (URLs, quantities, addresses, …) tell their type and how they compare. */
export abstract class CelHostValue {
  abstract readonly type: CelType;
  abstract equals(other: CelHostValue): boolean;
  /** What `size()` for costs sees; absent: 1. */
  size?(): number;
}

/** An object whose fields are computed when they are read (a policy's `variables`). */
export abstract class CelLazyObject {
  abstract has(key: string): boolean;
  /** Throws `CelFault`. */
  abstract get(key: string): unknown;
}

const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;
const uint64Max = 2n ** 64n - 1n;

/** Narrows an int to a plain number where that is exact; `undefined` when it overflows 64 bits. */
export function intOf(value: bigint): number | bigint | undefined {
  if (value < int64Min || value > int64Max) return undefined;
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}

export function uintOf(value: bigint): CelUint | undefined {
  return value < 0n || value > uint64Max ? undefined : new CelUint(value);
}

/** A double in its running form. */
export function doubleOf(value: number): number | CelDouble {
  return Number.isInteger(value) ? new CelDouble(value) : value;
}

export function isInt(value: unknown): value is number | bigint {
  return typeof value === 'number' ? Number.isInteger(value) : typeof value === 'bigint';
}

/** The number of a double, else `undefined`. */
export function asDouble(value: unknown): number | undefined {
  if (value instanceof CelDouble) return value.value;
  return typeof value === 'number' && !Number.isInteger(value) ? value : undefined;
}

export function isMap(value: unknown): value is Record<string, unknown> | Map<unknown, unknown> | CelLazyObject {
  return isRecord(value) || value instanceof Map || value instanceof CelLazyObject;
}

/** An object of JSON. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value) as unknown;
  return prototype === Object.prototype || prototype === null;
}
