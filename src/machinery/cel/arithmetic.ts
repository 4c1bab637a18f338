/** The arithmetic of expressions. Faults are upstream's. */
import { joinLists, refused } from './operators.ts';
import { durationOf, timestampOf } from './time.ts';
import { asDouble, CelDuration, CelFault, CelTimestamp, CelUint, doubleOf, intOf, isInt, uintOf } from './values.ts';

function intResult(value: bigint): number | bigint {
  const narrowed = intOf(value);
  if (narrowed === undefined) throw new CelFault('integer overflow');
  return narrowed;
}

function uintResult(value: bigint): CelUint {
  const checked = uintOf(value);
  if (checked === undefined) throw new CelFault('unsigned integer overflow');
  return checked;
}

export function add(left: unknown, right: unknown): unknown {
  if (typeof left === 'number' && typeof right === 'number' && Number.isInteger(left) && Number.isInteger(right)) {
    const sum = left + right;
    return Number.isSafeInteger(sum) ? sum : intResult(BigInt(left) + BigInt(right));
  }
  if (typeof left === 'string' && typeof right === 'string') return left + right;
  if (isInt(left) && isInt(right)) return intResult(BigInt(left) + BigInt(right));
  const [a, b] = [asDouble(left), asDouble(right)];
  if (a !== undefined && b !== undefined) return doubleOf(a + b);
  if (left instanceof CelUint && right instanceof CelUint) return uintResult(left.value + right.value);
  if (Array.isArray(left) && Array.isArray(right)) return joinLists(left, right);
  if (left instanceof Uint8Array && right instanceof Uint8Array) return new Uint8Array([...left, ...right]);
  const time = addTimes(left, right);
  if (time !== undefined) return time;
  throw refused(addable(left), left, '_+_');
}

/** Nanoseconds that fit 64 bits. */
function checked(nanos: bigint): bigint {
  if (intOf(nanos) === undefined) throw new CelFault('integer overflow');
  return nanos;
}

function addTimes(left: unknown, right: unknown): unknown {
  if (left instanceof CelDuration && right instanceof CelDuration) return durationOf(checked(left.nanos + right.nanos));
  if (left instanceof CelDuration && right instanceof CelTimestamp)
    return timestampOf(left.nanos + right.nanos, right.zone);
  if (left instanceof CelTimestamp && right instanceof CelDuration)
    return timestampOf(left.nanos + right.nanos, left.zone);
  return undefined;
}

function numeric(value: unknown): boolean {
  return isInt(value) || asDouble(value) !== undefined || value instanceof CelUint;
}

function addable(value: unknown): boolean {
  const sequence = typeof value === 'string' || Array.isArray(value) || value instanceof Uint8Array;
  return sequence || numeric(value) || value instanceof CelDuration || value instanceof CelTimestamp;
}

export function subtract(left: unknown, right: unknown): unknown {
  if (typeof left === 'number' && typeof right === 'number' && Number.isInteger(left) && Number.isInteger(right)) {
    const difference = left - right;
    return Number.isSafeInteger(difference) ? difference : intResult(BigInt(left) - BigInt(right));
  }
  if (isInt(left) && isInt(right)) return intResult(BigInt(left) - BigInt(right));
  const [a, b] = [asDouble(left), asDouble(right)];
  if (a !== undefined && b !== undefined) return doubleOf(a - b);
  if (left instanceof CelUint && right instanceof CelUint) return uintResult(left.value - right.value);
  if (left instanceof CelDuration && right instanceof CelDuration) return durationOf(checked(left.nanos - right.nanos));
  if (left instanceof CelTimestamp && right instanceof CelDuration)
    return timestampOf(left.nanos - right.nanos, left.zone);
  if (left instanceof CelTimestamp && right instanceof CelTimestamp) {
    return durationOf(checked(left.nanos - right.nanos));
  }
  throw refused(numeric(left), left, '_-_');
}

export function multiply(left: unknown, right: unknown): unknown {
  if (isInt(left) && isInt(right)) {
    if (typeof left === 'number' && typeof right === 'number' && Number.isSafeInteger(left * right))
      return left * right || 0;
    return intResult(BigInt(left) * BigInt(right));
  }
  const [a, b] = [asDouble(left), asDouble(right)];
  if (a !== undefined && b !== undefined) return doubleOf(a * b);
  if (left instanceof CelUint && right instanceof CelUint) return uintResult(left.value * right.value);
  throw refused(numeric(left), left, '_*_');
}

export function divide(left: unknown, right: unknown): unknown {
  if (isInt(left) && isInt(right)) {
    if (BigInt(right) === 0n) throw new CelFault('division by zero');
    return intResult(BigInt(left) / BigInt(right));
  }
  const [a, b] = [asDouble(left), asDouble(right)];
  if (a !== undefined && b !== undefined) return doubleOf(a / b);
  if (left instanceof CelUint && right instanceof CelUint) {
    if (right.value === 0n) throw new CelFault('division by zero');
    return new CelUint(left.value / right.value);
  }
  throw refused(numeric(left), left, '_/_');
}

export function modulo(left: unknown, right: unknown): unknown {
  if (isInt(left) && isInt(right)) {
    if (BigInt(right) === 0n) throw new CelFault('modulus by zero');
    const [a, b] = [BigInt(left), BigInt(right)];
    if (b === -1n && a === -(2n ** 63n)) throw new CelFault('integer overflow');
    return intResult(a % b);
  }
  if (left instanceof CelUint && right instanceof CelUint) {
    if (right.value === 0n) throw new CelFault('modulus by zero');
    return new CelUint(left.value % right.value);
  }
  throw refused(isInt(left) || left instanceof CelUint, left, '_%_');
}

export function negate(value: unknown): unknown {
  if (isInt(value)) return typeof value === 'number' ? -value || 0 : intResult(-value);
  const double = asDouble(value);
  if (double !== undefined) return doubleOf(-double);
  if (value instanceof CelDuration) return durationOf(checked(-value.nanos));
  throw refused(typeof value === 'boolean', value, '-_');
}
