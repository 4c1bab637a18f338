import { runtimeType } from './operators.ts';
import { formatDuration, formatTimestamp, parseDuration, parseTimestamp, timestampOf } from './time.ts';
import {
  asDouble,
  type CelDouble,
  CelDuration,
  CelFault,
  CelTimestamp,
  CelUint,
  doubleOf,
  intOf,
  isInt,
  uintOf,
} from './values.ts';

const second = 1_000_000_000n;
const int64 = 2 ** 63;
const uint64 = 2 ** 64;

function refused(value: unknown, to: string): CelFault {
  return new CelFault(`type conversion error from '${runtimeType(value).name}' to '${to}'`);
}

/** The longest text that is read as a number; what is longer is none that fits, but for zeros in front. */
const MAX_NUMBER = 1_000;

/** Go's ParseInt and ParseUint in base 10. */
function integer(text: string, signed: boolean): bigint | undefined {
  if (text.length > MAX_NUMBER || !(signed ? /^[+-]?\d+$/ : /^\d+$/).test(text)) return undefined;
  return BigInt(text.startsWith('+') ? text.slice(1) : text);
}

function floorSeconds(nanos: bigint): bigint {
  return nanos >= 0n ? nanos / second : -((-nanos + second - 1n) / second);
}

export function toInt(value: unknown): number | bigint {
  if (isInt(value)) return value;
  const double = asDouble(value);
  if (double !== undefined) {
    if (!Number.isFinite(double) || double <= -int64 || double >= int64) throw new CelFault('integer overflow');
    return intOf(BigInt(Math.trunc(double))) as number | bigint;
  }
  if (typeof value === 'string') {
    const parsed = integer(value, true);
    const int = parsed === undefined ? undefined : intOf(parsed);
    if (int === undefined) throw refused(value, 'int');
    return int;
  }
  if (value instanceof CelUint) return narrowed(value.value);
  if (value instanceof CelTimestamp) return narrowed(floorSeconds(value.nanos));
  if (value instanceof CelDuration) return narrowed(value.nanos);
  throw refused(value, 'int');
}

function narrowed(value: bigint): number | bigint {
  const int = intOf(value);
  if (int === undefined) throw new CelFault('integer overflow');
  return int;
}

export function toUint(value: unknown): CelUint {
  if (value instanceof CelUint) return value;
  const double = asDouble(value);
  if (double !== undefined) {
    if (!Number.isFinite(double) || double < 0 || double >= uint64) throw new CelFault('unsigned integer overflow');
    return new CelUint(BigInt(Math.trunc(double)));
  }
  if (typeof value === 'string') {
    const parsed = integer(value, false);
    const uint = parsed === undefined ? undefined : uintOf(parsed);
    if (uint === undefined) throw refused(value, 'uint');
    return uint;
  }
  if (!isInt(value)) throw refused(value, 'uint');
  const uint = uintOf(BigInt(value));
  if (uint === undefined) throw new CelFault('unsigned integer overflow');
  return uint;
}

const special: Readonly<Record<string, number>> = { inf: Infinity, infinity: Infinity, nan: Number.NaN };

/** Go's ParseFloat: decimals with underscores refused, hexadecimal with an exponent, infinities by name. */
function parseDouble(written: string): number | undefined {
  if (written.length > MAX_NUMBER) return undefined;
  // Underscores may stand between digits, and after the prefix of a base.
  if (/(?:^|[^0-9a-f])_(?!.*)|__|_$|^[+-]?_|_[^0-9a-fA-F]|[.+-]_/.test(written)) return undefined;
  const text = written.replaceAll('_', '');
  const named = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (named !== null) return (named[1] === '-' ? -1 : 1) * (special[(named[2] as string).toLowerCase()] as number);
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : undefined;
  }
  const hex = /^([+-]?)0x([0-9a-f]*)\.?([0-9a-f]*)p([+-]?\d+)$/i.exec(text);
  if (hex === null || (hex[2] === '' && hex[3] === '')) return undefined;
  const digits = Number.parseInt(`${hex[2]}${hex[3]}`, 16);
  return (hex[1] === '-' ? -1 : 1) * digits * 2 ** (Number(hex[4]) - 4 * (hex[3] as string).length);
}

export function toDouble(value: unknown): number | CelDouble {
  const double = asDouble(value);
  if (double !== undefined) return doubleOf(double);
  if (isInt(value)) return doubleOf(Number(value));
  if (value instanceof CelUint) return doubleOf(Number(value.value));
  const parsed = typeof value === 'string' ? parseDouble(value) : undefined;
  if (parsed === undefined) throw refused(value, 'double');
  return doubleOf(parsed);
}

/** Go's %g: the shortest text, with an exponent below 1e-4 and from 1e6 on. */
export function formatDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const [digits, exponentText] = value.toExponential().split('e') as [string, string];
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 6) {
    const size = String(Math.abs(exponent)).padStart(2, '0');
    return `${digits}e${exponent < 0 ? '-' : '+'}${size}`;
  }
  return value.toString();
}

export function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (isInt(value)) return String(value);
  const double = asDouble(value);
  if (double !== undefined) return formatDouble(double);
  if (value instanceof CelUint) return String(value.value);
  if (value instanceof Uint8Array) return decodeText(value);
  if (value instanceof CelTimestamp) return formatTimestamp(value);
  if (value instanceof CelDuration) return formatDuration(value);
  throw refused(value, 'string');
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new CelFault('invalid UTF-8 in bytes, cannot convert to string');
  }
}

export function toBytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string') return new TextEncoder().encode(value);
  throw refused(value, 'bytes');
}

const truths: Readonly<Record<string, boolean>> = {
  '1': true,
  t: true,
  T: true,
  TRUE: true,
  true: true,
  True: true,
  '0': false,
  f: false,
  F: false,
  FALSE: false,
  false: false,
  False: false,
};

export function toBool(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  const found = typeof value === 'string' && Object.hasOwn(truths, value) ? truths[value] : undefined;
  if (found === undefined) throw refused(value, 'bool');
  return found;
}

export function toTimestamp(value: unknown): CelTimestamp {
  if (value instanceof CelTimestamp) return value;
  if (isInt(value)) return timestampOf(BigInt(value) * second);
  const parsed = typeof value === 'string' ? parseTimestamp(value) : undefined;
  if (parsed === undefined) throw refused(value, 'google.protobuf.Timestamp');
  return parsed;
}

export function toDuration(value: unknown): CelDuration {
  if (value instanceof CelDuration) return value;
  const parsed = typeof value === 'string' ? parseDuration(value) : undefined;
  if (parsed === undefined) throw refused(value, 'google.protobuf.Duration');
  return parsed;
}
