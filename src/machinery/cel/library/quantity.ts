import {
  isQuantity as isQuantityText,
  parseQuantity,
  type Quantity,
  QuantityError,
  quantityOf,
} from '../../quantity.ts';
import type { CelType } from '../contract.ts';
import type { Library } from '../declaration.ts';
import { CelFault, CelHostValue, doubleOf, intOf } from '../values.ts';
import { quantityType } from './host-types.ts';

/** A number as Go keeps small quantities: in 64 bits and a scale. What does not fit is no integer to it. */
interface Amount {
  readonly value: bigint;
  readonly scale: number;
}

/** A quantity as expressions see it. */
export class CelQuantity extends CelHostValue {
  readonly type: CelType = quantityType;
  readonly quantity: Quantity;
  readonly amount: Amount | undefined;

  constructor(quantity: Quantity, amount?: Amount) {
    super();
    this.quantity = quantity;
    this.amount = amount;
  }

  equals(other: CelHostValue): boolean {
    return other instanceof CelQuantity && this.quantity.compare(other.quantity) === 0;
  }

  /** The nearest double, computed with upstream's rounding. */
  get float(): number {
    const { value, scale } = this.amount ?? { value: this.quantity.unscaled, scale: this.quantity.scale };
    return scale === 0 ? Number(value) : Number(value) * Number(`1e${scale}`);
  }
}

const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binary: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };

/** Longer texts have more digits than the fast path takes. */
const MAX_FAST = 256;

/** Upstream's fast path of ParseQuantity, `undefined` where it takes the slow one. */
function amountOf(text: string): Amount | undefined {
  if (text.length > MAX_FAST) return undefined;
  const found = /^([+-]?)0*(\d*)(?:\.(\d*))?(?:([a-zA-Z]{0,2})|[eE]([+-]?\d+))$/.exec(text);
  if (found === null) return undefined;
  const [, sign, whole, fraction = '', suffix = '', power] = found;
  const digits = (whole === '' ? '0' : (whole as string)) + fraction;
  const magnitude = BigInt(`${sign === '-' ? '-' : ''}${digits}`);
  const bits = binary[suffix];
  if (bits !== undefined) {
    const precision = 14 - (digits.length - fraction.length) - Math.trunc((bits * 3) / 10);
    return fraction === '' && precision >= 0 ? { value: magnitude << BigInt(bits), scale: 0 } : undefined;
  }
  const scale = (power === undefined ? (decimal[suffix] ?? 0) : Number(power)) - fraction.length;
  return digits.length <= 18 && scale >= -9 ? { value: magnitude, scale } : undefined;
}

const fits = (value: bigint): boolean => intOf(value) !== undefined;

function raised({ value, scale }: Amount, to: number): bigint | undefined {
  if (scale - to > 18) return undefined;
  const result = value * 10n ** BigInt(scale - to);
  return fits(result) ? result : undefined;
}

function sumOf(a: Amount | undefined, b: Amount | undefined): Amount | undefined {
  if (a === undefined || b === undefined) return undefined;
  if (b.value === 0n) return a;
  if (a.value === 0n) return b;
  const scale = Math.min(a.scale, b.scale);
  const [left, right] = [raised(a, scale), raised(b, scale)];
  if (left === undefined || right === undefined || !fits(left + right)) return undefined;
  return { value: left + right, scale };
}

function negated({ quantity, amount }: CelQuantity): CelQuantity {
  return new CelQuantity(quantity.negate(), amount && { ...amount, value: -amount.value });
}

function plus(a: CelQuantity, b: CelQuantity): CelQuantity {
  return new CelQuantity(a.quantity.add(b.quantity), sumOf(a.amount, b.amount));
}

function ofInt(value: number | bigint): CelQuantity {
  return new CelQuantity(quantityOf(value, 'DecimalExponent'), { value: BigInt(value), scale: 0 });
}

function parse(text: string): CelQuantity {
  try {
    // White space around it, which JSON input may have, is refused here.
    return new CelQuantity(parseQuantity(text.trim() === text ? text : '?'), amountOf(text));
  } catch (error) {
    if (error instanceof QuantityError) throw new CelFault(error.message);
    throw error;
  }
}

function isQuantity(text: string): boolean {
  return text.trim() === text && isQuantityText(text);
}

/** The whole number it is, if upstream can tell that it is one. */
function whole({ amount }: CelQuantity): number | bigint | undefined {
  if (amount === undefined || amount.scale < 0) return undefined;
  const value = raised(amount, 0);
  return value === undefined ? undefined : intOf(value);
}

function asInteger(value: CelQuantity): number | bigint {
  const found = whole(value);
  if (found === undefined) throw new CelFault('cannot convert value to integer');
  return found;
}

const order = (a: CelQuantity, b: CelQuantity): number => Math.sign(a.quantity.compare(b.quantity));
/** Upstream: pkg/cel/library/quantity.go */
export function quantityLibrary(): Library {
  return {
    quantity: { 'string_to_quantity(string) -> Quantity': parse },
    isQuantity: { 'is_quantity_string(string) -> bool': isQuantity },
    sign: { 'quantity_sign(Quantity) -> int': ({ quantity }: CelQuantity) => quantity.sign },
    isGreaterThan: {
      'quantity_is_greater_than: Quantity.(Quantity) -> bool': (a: CelQuantity, b: CelQuantity) => order(a, b) > 0,
    },
    isLessThan: {
      'quantity_is_less_than: Quantity.(Quantity) -> bool': (a: CelQuantity, b: CelQuantity) => order(a, b) < 0,
    },
    compareTo: { 'quantity_compare_to: Quantity.(Quantity) -> int': order },
    asApproximateFloat: { 'quantity_get_float: Quantity.() -> double': (value: CelQuantity) => doubleOf(value.float) },
    asInteger: { 'quantity_get_int: Quantity.() -> int': asInteger },
    isInteger: { 'quantity_is_integer: Quantity.() -> bool': (value: CelQuantity) => whole(value) !== undefined },
    add: {
      'quantity_add: Quantity.(Quantity) -> Quantity': plus,
      'quantity_add_int: Quantity.(int) -> Quantity': (a: CelQuantity, b: number | bigint) => plus(a, ofInt(b)),
    },
    sub: {
      'quantity_sub: Quantity.(Quantity) -> Quantity': (a: CelQuantity, b: CelQuantity) => plus(a, negated(b)),
      'quantity_sub_int: Quantity.(int) -> Quantity': (a: CelQuantity, b: number | bigint) =>
        plus(a, negated(ofInt(b))),
    },
  };
}
