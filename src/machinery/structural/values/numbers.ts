/** Bounds, multiples and formats of numbers. Upstream: kube-openapi/validation/validate/{validator,values}.go. */
import { goFloat, goNumber, isInt64 } from '../../go-value.ts';
import type { JSONSchemaProps } from '../contract.ts';
import { type Fault, Result } from './faults.ts';

const MAX_SAFE = 2 ** 53 - 1;
const MAX_FLOAT32 = 3.4028234663852886e38;
/** The largest double that rounds to a finite float32. */
const FLOAT32_LIMIT = 3.4028235677973366e38;
const EPSILON = 1e-9;

/** A double as an int64 of Go's: what does not fit becomes the least one. */
function toInt64(value: number): number {
  const whole = Math.trunc(value);
  return isInt64(whole) ? whole : -(2 ** 63);
}

/** Upstream: swag.IsFloat64AJSONInteger. */
export function isJsonInteger(value: number): boolean {
  if (!Number.isFinite(value) || Math.abs(value) > MAX_SAFE) return false;
  const whole = Math.trunc(value);
  if (value === whole) return true;
  if (value === 0 || whole === 0) return false;
  return Math.abs(value - whole) / (Math.abs(value) + Math.abs(whole)) < EPSILON;
}

/** What the checks of numbers need of a schema. */
export interface NumberRules {
  schema: JSONSchemaProps;
  /** `integer` or `number` where the schema names exactly that one type. */
  type: '' | 'integer' | 'number';
  /** A format that belongs to that type. */
  format: string;
}

/** The faults of a number at `path`. */
export function checkNumber(value: number, path: string, rules: NumberRules): Result {
  const result = new Result();
  const { multipleOf, maximum, minimum, exclusiveMaximum, exclusiveMinimum } = rules.schema;
  const range = (checked: number, what: string): Fault | undefined => rangeFault(checked, { what, path, rules });
  const outOfRange = range(value, 'Checked');
  if (outOfRange) result.add(outOfRange);
  const bound = (
    limit: number | undefined,
    what: string,
    check: (limit: number, whole: boolean) => Fault | undefined,
  ) => {
    if (limit === undefined) return;
    const odd = range(limit, what);
    if (odd) result.add(odd);
    const fault = check(limit, odd === undefined && isInt64(value));
    if (fault) result.add(fault);
  };
  bound(multipleOf, 'MultipleOf', (factor, whole) => multipleFault(value, path, { factor, whole }));
  bound(minimum, 'Minimum boundary', (limit, whole) =>
    limitFault(value, path, { limit, whole, exclusive: exclusiveMinimum === true, below: true }),
  );
  bound(maximum, 'Maximum boundary', (limit, whole) =>
    limitFault(value, path, { limit, whole, exclusive: exclusiveMaximum === true, below: false }),
  );
  result.matches++;
  return result;
}

function multipleFault(value: number, path: string, by: { factor: number; whole: boolean }): Fault | undefined {
  // An integer is compared with what is left of the factor as an integer.
  const factor = by.whole ? toInt64(by.factor) : by.factor;
  const shown = by.whole ? goNumber(factor) : goFloat(factor);
  if (factor <= 0) {
    const text = `factor MultipleOf declared for ${path} must be positive: ${shown}`;
    return { text, path, kind: 'invalid', value: factor };
  }
  const quotient = factor < 1 ? (1 / factor) * value : value / factor;
  const fits = by.whole ? value % factor === 0 : isJsonInteger(quotient);
  return fits ? undefined : { text: `${path} in body should be a multiple of ${shown}`, path, kind: 'invalid', value };
}

function limitFault(
  value: number,
  path: string,
  bound: { limit: number; whole: boolean; exclusive: boolean; below: boolean },
): Fault | undefined {
  const limit = bound.whole ? toInt64(bound.limit) : bound.limit;
  const beyond = bound.below ? value < limit : value > limit;
  if (!beyond && !(bound.exclusive && value === limit)) return undefined;
  const order = bound.below ? 'greater than' : 'less than';
  const shown = bound.whole ? goNumber(limit) : goFloat(limit);
  const text = `${path} in body should be ${order}${bound.exclusive ? '' : ' or equal to'} ${shown}`;
  return { text, path, kind: 'invalid', value };
}

/** Upstream: IsValueValidAgainstRange. */
function rangeFault(
  value: number,
  { what, path, rules }: { what: string; path: string; rules: NumberRules },
): Fault | undefined {
  const { type, format } = rules;
  let fits = true;
  if (type === 'integer') {
    fits = isInt64(value) && (format !== 'int32' || (value >= -(2 ** 31) && value < 2 ** 31));
  } else if (format === 'float') {
    fits = Math.abs(value) <= MAX_FLOAT32 || Math.abs(value) < FLOAT32_LIMIT;
  }
  if (fits) return undefined;
  const suffix = format === '' ? '(default format)' : `with format ${format}`;
  return { text: `${what} value must be of type ${type} ${suffix} in ${path}`, kind: 'plain' };
}
