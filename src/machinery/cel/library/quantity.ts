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

/** A quantity as expressions see it. */
export class CelQuantity extends CelHostValue {
  readonly type: CelType = quantityType;
  readonly quantity: Quantity;
  constructor(quantity: Quantity) {
    super();
    this.quantity = quantity;
  }
  equals(other: CelHostValue): boolean {
    return other instanceof CelQuantity && this.quantity.compare(other.quantity) === 0;
  }
}

function parse(text: string): CelQuantity {
  try {
    // White space around it, which JSON input may have, is refused here.
    return new CelQuantity(parseQuantity(text.trim() === text ? text : '?'));
  } catch (error) {
    if (error instanceof QuantityError) throw new CelFault(error.message);
    throw error;
  }
}

function isQuantity(text: string): boolean {
  return text.trim() === text && isQuantityText(text);
}

/** The whole number it is, if it is one that fits 64 bits. */
function whole({ quantity }: CelQuantity): number | bigint | undefined {
  const { unscaled, scale } = quantity;
  if (unscaled === 0n) return 0;
  if (scale > 18) return undefined;
  if (scale >= 0) return intOf(unscaled * 10n ** BigInt(scale));
  const divisor = 10n ** BigInt(-scale);
  return unscaled % divisor === 0n ? intOf(unscaled / divisor) : undefined;
}

function asInteger(value: CelQuantity): number | bigint {
  const found = whole(value);
  if (found === undefined) throw new CelFault('cannot convert value to integer');
  return found;
}

const order = (a: CelQuantity, b: CelQuantity): number => Math.sign(a.quantity.compare(b.quantity));
const ofInt = (value: number | bigint): Quantity => quantityOf(value, 'DecimalExponent');

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
    asApproximateFloat: {
      'quantity_get_float: Quantity.() -> double': ({ quantity }: CelQuantity) => doubleOf(quantity.toNumber()),
    },
    asInteger: { 'quantity_get_int: Quantity.() -> int': asInteger },
    isInteger: { 'quantity_is_integer: Quantity.() -> bool': (value: CelQuantity) => whole(value) !== undefined },
    add: {
      'quantity_add: Quantity.(Quantity) -> Quantity': (a: CelQuantity, b: CelQuantity) =>
        new CelQuantity(a.quantity.add(b.quantity)),
      'quantity_add_int: Quantity.(int) -> Quantity': (a: CelQuantity, b: number | bigint) =>
        new CelQuantity(a.quantity.add(ofInt(b))),
    },
    sub: {
      'quantity_sub: Quantity.(Quantity) -> Quantity': (a: CelQuantity, b: CelQuantity) =>
        new CelQuantity(a.quantity.subtract(b.quantity)),
      'quantity_sub_int: Quantity.(int) -> Quantity': (a: CelQuantity, b: number | bigint) =>
        new CelQuantity(a.quantity.subtract(ofInt(b))),
    },
  };
}
