/**
 * Resource quantities: exact decimal numbers with a suffix (`500m`, `1536Mi`, `12e6`).
 * Upstream: apimachinery/pkg/api/resource.
 */

export type QuantityFormat = 'DecimalExponent' | 'BinarySI' | 'DecimalSI';

/** A text that is no quantity; `message` is upstream's. */
export class QuantityError extends Error {
  override readonly name = 'QuantityError';
}

const FORMAT_WRONG = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const NUMERIC_WRONG = 'unable to parse numeric part of quantity';
const SUFFIX_WRONG = "unable to parse quantity's suffix";

const DECIMAL_EXPONENT: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const DECIMAL_SUFFIX: Readonly<Record<number, string>> = {
  [-9]: 'n',
  [-6]: 'u',
  [-3]: 'm',
  0: '',
  3: 'k',
  6: 'M',
  9: 'G',
  12: 'T',
  15: 'P',
  18: 'E',
};
const BINARY_EXPONENT: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };
const BINARY_SUFFIX = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

const MAX_INT64 = 9223372036854775807n;
const NANO = -9;
/** Decimal digits that always fit an int64. */
const INT64_DIGITS = 18;
/** Scales further apart than this are not added digit by digit: the smaller number vanishes. */
const MAX_SHIFT = 4096;

/** Characters of the longest text that is read: what is longer could not be computed with in reasonable time. */
const MAX_TEXT = 10_000;

const PATTERN = /^([+-]?)([0-9]*)(?:\.([0-9]*))?((?:[eEinumkKMGTP][eEinumkKMGTP]*[-+]?|[-+])[0-9]*)?$/;

/** An exact number `unscaled * 10^scale` and the notation it is written in. Immutable. */
export class Quantity {
  readonly unscaled: bigint;
  readonly scale: number;
  readonly format: QuantityFormat;
  #text: string | undefined;

  /** `text` is the written form where that is known; it must denote the same number. */
  constructor(unscaled: bigint, scale: number, options: { format?: QuantityFormat; text?: string } = {}) {
    this.unscaled = unscaled;
    this.scale = scale;
    this.format = options.format ?? 'DecimalSI';
    this.#text = options.text;
  }

  /** The form the API writes: the text as it was given where upstream keeps it, else the canonical one. */
  toString(): string {
    this.#text ??= canonicalText(this);
    return this.#text;
  }

  get isZero(): boolean {
    return this.unscaled === 0n;
  }

  /** -1, 0 or 1. */
  get sign(): number {
    return this.unscaled === 0n ? 0 : this.unscaled > 0n ? 1 : -1;
  }

  /** Negative, zero or positive as this is less than, equal to or greater than `other`. */
  compare(other: Quantity): number {
    return compareScaled(this, other);
  }

  /** The sum, in this number's notation (in the other's when this is zero). */
  add(other: Quantity): Quantity {
    const format = this.isZero ? other.format : this.format;
    if (other.isZero) return new Quantity(this.unscaled, this.scale, { format });
    if (this.isZero) return new Quantity(other.unscaled, other.scale, { format });
    if (Math.abs(this.scale - other.scale) > MAX_SHIFT) {
      const larger = this.scale > other.scale ? this : other;
      return new Quantity(larger.unscaled, larger.scale, { format });
    }
    const scale = Math.min(this.scale, other.scale);
    return new Quantity(unscaledAt(this, scale) + unscaledAt(other, scale), scale, { format });
  }

  negate(): Quantity {
    return new Quantity(-this.unscaled, this.scale, { format: this.format });
  }

  /** The difference; the notation follows the rule of `add`. */
  subtract(other: Quantity): Quantity {
    return this.add(other.negate());
  }

  multiply(factor: number | bigint): Quantity {
    return new Quantity(this.unscaled * BigInt(factor), this.scale, { format: this.format });
  }

  /** Rounded away from zero to a multiple of `10^scale`; the same value when it is one already. */
  roundUp(scale: number): Quantity {
    if (this.scale >= scale) return this;
    return new Quantity(divideAwayFromZero(this.unscaled, scale - this.scale), scale, { format: this.format });
  }

  /** The whole number this is, rounded away from zero. May exceed the safe integers. */
  value(): number {
    return this.scaledValue(0);
  }

  /** Thousandths, rounded away from zero. */
  milliValue(): number {
    return this.scaledValue(-3);
  }

  /** This divided by `10^scale`, rounded away from zero. */
  scaledValue(scale: number): number {
    if (this.scale < scale) return Number(divideAwayFromZero(this.unscaled, scale - this.scale));
    return Number(this.unscaled) * 10 ** (this.scale - scale);
  }

  /** The nearest floating-point number. */
  toNumber(): number {
    return this.scale < 0 ? Number(this.unscaled) / 10 ** -this.scale : Number(this.unscaled) * 10 ** this.scale;
  }
}

/** Parsed quantities by text. Values are immutable and the same few texts come again and again. */
const parsed = new Map<string, Quantity>();

/** Parses `text`; surrounding white space is ignored as in JSON input. Throws QuantityError. */
export function parseQuantity(text: string | number): Quantity {
  const key = typeof text === 'number' ? String(text) : text;
  const known = parsed.get(key);
  if (known) return known;
  const quantity = scan(key.trim());
  if (key.length <= 32) {
    if (parsed.size >= 4096) parsed.clear();
    parsed.set(key, quantity);
  }
  return quantity;
}

/** Whether `text` parses. */
export function isQuantity(text: string): boolean {
  try {
    parseQuantity(text);
    return true;
  } catch {
    return false;
  }
}

/** The text the API writes for `text` (`0.5` → `500m`, `1.5Gi` → `1536Mi`). Throws QuantityError. */
export function canonicalQuantity(text: string | number): string {
  return parseQuantity(text).toString();
}

/** Order of two quantity texts by value. Throws QuantityError. */
export function compareQuantities(a: string, b: string): number {
  return parseQuantity(a).compare(parseQuantity(b));
}

/** A whole number of something as a quantity. */
export function quantityOf(value: number | bigint, format: QuantityFormat = 'DecimalSI'): Quantity {
  return new Quantity(BigInt(value), 0, { format });
}

interface Suffix {
  base: 2 | 10;
  exponent: number;
  format: QuantityFormat;
}

function scan(text: string): Quantity {
  if (text === '') throw new QuantityError(FORMAT_WRONG);
  if (text === '0') return new Quantity(0n, 0, { text });
  const match = text.length > MAX_TEXT ? null : PATTERN.exec(text);
  if (!match) throw new QuantityError(FORMAT_WRONG);
  const [, sign, digits = '', fraction = '', suffixText = ''] = match;
  const suffix = interpret(suffixText);
  const whole = digits.replace(/^0+/, '') || '0';
  const magnitude = BigInt(whole + fraction);
  const negative = sign === '-';
  const quick = scanInt64({ text, whole, fraction, suffix, magnitude, negative });
  if (quick) return quick;
  return scanLarge({ magnitude, fraction, suffix, negative });
}

function interpret(text: string): Suffix {
  const decimal = DECIMAL_EXPONENT[text];
  if (decimal !== undefined) return { base: 10, exponent: decimal, format: 'DecimalSI' };
  const binary = BINARY_EXPONENT[text];
  if (binary !== undefined) return { base: 2, exponent: binary, format: 'BinarySI' };
  if (!/^[eE][-+]?[0-9]+$/.test(text)) throw new QuantityError(SUFFIX_WRONG);
  const exponent = Number(text.slice(1));
  if (Math.abs(exponent) > 0x7fffffff) throw new QuantityError(SUFFIX_WRONG);
  return { base: 10, exponent, format: 'DecimalExponent' };
}

interface Scanned {
  magnitude: bigint;
  fraction: string;
  suffix: Suffix;
  negative: boolean;
}

/** Numbers that upstream holds in an int64. Only these keep the text they were written in, under upstream's test. */
function scanInt64(s: Scanned & { text: string; whole: string }): Quantity | undefined {
  const { suffix, fraction } = s;
  const digits = s.whole.length + fraction.length;
  let scale = 0;
  let unscaled = s.magnitude;
  let keep: boolean;
  if (suffix.base === 2) {
    if (fraction !== '' || 14 - digits - Math.floor((suffix.exponent * 3) / 10) < 0) return undefined;
    keep = (s.magnitude & 7n) !== 0n;
    unscaled <<= BigInt(suffix.exponent);
  } else {
    scale = suffix.exponent - fraction.length;
    if (digits > INT64_DIGITS || scale < NANO) return undefined;
    const shifted = s.whole + fraction;
    keep = scale % 3 === 0 && !shifted.endsWith('000') && !shifted.startsWith('0');
  }
  if (unscaled > MAX_INT64) return undefined;
  return new Quantity(s.negative ? -unscaled : unscaled, scale, {
    format: suffix.format,
    ...(keep ? { text: s.text } : {}),
  });
}

/** All other numbers: finer than nano is rounded away from zero, binary ones are capped at the largest int64. */
function scanLarge({ magnitude, fraction, suffix, negative }: Scanned): Quantity {
  let unscaled = magnitude;
  let scale = -fraction.length;
  let format = suffix.format;
  if (suffix.base === 10) scale += suffix.exponent;
  else unscaled <<= BigInt(suffix.exponent);
  if (scale < NANO) {
    unscaled = divideAwayFromZero(unscaled, NANO - scale);
    scale = NANO;
  }
  if (format === 'BinarySI') {
    const exact = { unscaled, scale };
    if (compareScaled(exact, { unscaled: MAX_INT64, scale: 0 }) > 0) {
      unscaled = MAX_INT64;
      scale = 0;
    } else if (unscaled !== 0n && compareScaled(exact, { unscaled: 1n, scale: 0 }) < 0) {
      format = 'DecimalSI';
    }
  }
  if (scale > 0x7fffffff) throw new QuantityError(NUMERIC_WRONG);
  return new Quantity(negative ? -unscaled : unscaled, scale, { format });
}

/** Canonical form: no fraction, no precision lost, the largest suffix that allows both. */
function canonicalText(q: Quantity): string {
  if (q.isZero) return '0';
  if (q.format === 'BinarySI') {
    const kibi = { unscaled: 1024n, scale: 0 };
    const magnitude = { unscaled: q.unscaled < 0n ? -q.unscaled : q.unscaled, scale: q.scale };
    const whole = compareScaled(magnitude, kibi) < 0 ? undefined : exactInteger(q);
    if (whole !== undefined) return binaryText(whole);
  }
  const zeros = trailingZeros(q.unscaled);
  let unscaled = zeros === 0 ? q.unscaled : q.unscaled / 10n ** BigInt(zeros);
  let scale = q.scale + zeros;
  while (scale % 3 !== 0) {
    unscaled *= 10n;
    scale--;
  }
  if (q.format !== 'DecimalExponent') {
    const suffix = DECIMAL_SUFFIX[scale];
    if (suffix !== undefined) return `${unscaled}${suffix}`;
  }
  return scale === 0 ? `${unscaled}` : `${unscaled}e${scale}`;
}

/** Zeros at the end of a number that is not zero itself. */
function trailingZeros(value: bigint): number {
  if (value % 10n !== 0n) return 0;
  const digits = value.toString();
  let end = digits.length;
  while (digits[end - 1] === '0') end--;
  return digits.length - end;
}

function binaryText(whole: bigint): string {
  let value = whole;
  let power = 0;
  while (value % 1024n === 0n && power < BINARY_SUFFIX.length - 1) {
    value /= 1024n;
    power++;
  }
  return `${value}${BINARY_SUFFIX[power]}`;
}

interface Scaled {
  readonly unscaled: bigint;
  readonly scale: number;
}

/** The number as an integer, or undefined when it has a fraction. */
function exactInteger(q: Scaled): bigint | undefined {
  if (q.scale >= 0) return unscaledAt(q, 0);
  const divisor = 10n ** BigInt(-q.scale);
  return q.unscaled % divisor === 0n ? q.unscaled / divisor : undefined;
}

/** `q` as a multiple of `10^scale`, which must be a finer scale than its own. */
function unscaledAt(q: Scaled, scale: number): bigint {
  return q.scale === scale ? q.unscaled : q.unscaled * 10n ** BigInt(q.scale - scale);
}

/** Order by value. Scales far apart are told by the number of digits, so that no huge power is computed. */
function compareScaled(a: Scaled, b: Scaled): number {
  const aSign = a.unscaled === 0n ? 0 : a.unscaled > 0n ? 1 : -1;
  const bSign = b.unscaled === 0n ? 0 : b.unscaled > 0n ? 1 : -1;
  if (aSign !== bSign) return aSign - bSign;
  if (aSign === 0) return 0;
  if (a.scale === b.scale) return a.unscaled === b.unscaled ? 0 : a.unscaled > b.unscaled ? 1 : -1;
  if (Math.abs(a.scale - b.scale) > 64) {
    const order = digitsOf(a.unscaled) + a.scale - (digitsOf(b.unscaled) + b.scale);
    if (order !== 0) return order * aSign > 0 ? 1 : -1;
  }
  const scale = Math.min(a.scale, b.scale);
  const x = unscaledAt(a, scale);
  const y = unscaledAt(b, scale);
  return x === y ? 0 : x > y ? 1 : -1;
}

function digitsOf(value: bigint): number {
  return (value < 0n ? -value : value).toString().length;
}

/** `value / 10^places`, rounded away from zero. */
function divideAwayFromZero(value: bigint, places: number): bigint {
  if (value === 0n) return 0n;
  if (places > digitsOf(value)) return value > 0n ? 1n : -1n;
  const divisor = 10n ** BigInt(places);
  const quotient = value / divisor;
  if (quotient * divisor === value) return quotient;
  return value > 0n ? quotient + 1n : quotient - 1n;
}
