import type { FieldError } from '../machinery/status.ts';
import { invalidError, isPercent, NON_NEGATIVE } from '../machinery/validation/index.ts';

/** Upstream: ValidateNonnegativeField. */
export const nonNegative = (value: number | undefined, path: string): FieldError[] =>
  value !== undefined && value < 0 ? [invalidError(path, value, NON_NEGATIVE)] : [];

const PERCENT_TEXT =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

/** A number or a percentage, neither negative. Upstream: ValidatePositiveIntOrPercent. */
export function validateIntOrPercent(value: number | string | undefined, path: string): FieldError[] {
  if (typeof value === 'number') return nonNegative(value, path);
  return value !== undefined && !isPercent(value) ? [invalidError(path, value, PERCENT_TEXT)] : [];
}

/** Upstream: IsNotMoreThan100Percent. */
export function validateAtMostAll(value: number | string | undefined, path: string): FieldError[] {
  const isTooMuch = typeof value === 'string' && isPercent(value) && Number.parseInt(value, 10) > 100;
  return isTooMuch ? [invalidError(path, value, 'must not be greater than 100%')] : [];
}

/** As Go reads it: a text that is neither a percentage nor a number counts as none. Upstream: getIntOrPercentValue. */
export const isZero = (value: number | string | undefined): boolean =>
  typeof value !== 'string' || !/^([0-9]+%|[+-]?[0-9]+)$/.test(value)
    ? typeof value === 'string' || (value ?? 0) === 0
    : Number.parseInt(value, 10) === 0;
