/** Field errors whose values are those of a custom resource: maps, whose keys upstream writes in order. */
import { quote } from '../quote.ts';
import type { CauseType, FieldError } from '../status.ts';
import { isMap } from './schema-node.ts';

/** What upstream shows where a path is needed and there is none. */
export const NO_PATH = '<nil>';

/** A struct of upstream's, whose fields messages show in the order they are declared in. */
export class GoStruct {
  [field: string]: unknown;
  constructor(fields: Readonly<Record<string, unknown>>) {
    Object.assign(this, fields);
  }
}

/** A text behind a pointer of upstream's, which messages show as JSON does and not as Go quotes texts. */
export class GoPointer {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** JSON with sorted keys and HTML's special characters escaped. Upstream: json.Marshal of an unstructured value. */
export function sortedJson(value: unknown): string {
  return write(value).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function write(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  if (!isMap(value)) return JSON.stringify(value) ?? 'null';
  const names = Object.keys(value);
  if (!(value instanceof GoStruct)) names.sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${write(value[name])}`).join(',')}}`;
}

/** A number as `%v` prints a float64 of Go; integers below 2^63 are taken for int64. */
export function goNumber(value: number): string {
  if (Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63) return BigInt(value).toString();
  return goFloat(value);
}

/** A float64 as `%v` prints it: an exponent below 1e-4 and from 1e6 on. */
export function goFloat(value: number): string {
  if (Object.is(value, -0)) return '-0';
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const [mantissa = '', exponent = ''] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return plainDigits(value);
  const sign = power < 0 ? '-' : '+';
  return `${mantissa}e${sign}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** Digits without an exponent. Upstream: strconv.FormatFloat 'f'. */
export function plainDigits(value: number): string {
  const text = String(value);
  if (!text.includes('e')) return text;
  const [mantissa = '', exponent = '0'] = text.split('e');
  const negative = mantissa.startsWith('-');
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const power = Number(exponent);
  const digits =
    power < 0
      ? `0.${'0'.repeat(-power - whole.length)}${whole}${fraction}`
      : `${whole}${fraction}${'0'.repeat(power - fraction.length)}`;
  return negative ? `-${digits}` : digits;
}

/** A value as field errors show it. */
export function showValue(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return goNumber(value);
  return sortedJson(value instanceof GoPointer ? value.text : value);
}

const withDetail = (text: string, detail: string): string => (detail === '' ? text : `${text}: ${detail}`);

const valueError =
  (type: CauseType, word: string) =>
  (field: string, value: unknown, detail = ''): FieldError => ({
    type,
    field: field === '' ? NO_PATH : field,
    message: withDetail(`${word}: ${showValue(value)}`, detail),
  });

export const invalidValue = valueError('FieldValueInvalid', 'Invalid value');
export const typeInvalid = valueError('FieldValueTypeInvalid', 'Invalid value');
export const duplicateValue = valueError('FieldValueDuplicate', 'Duplicate value');

export const unsupportedValue = (field: string, value: unknown, supported: readonly string[]): FieldError => ({
  type: 'FieldValueNotSupported',
  field: field === '' ? NO_PATH : field,
  message: `Unsupported value: ${showValue(value)}: supported values: ${supported.map((text) => quote(text)).join(', ')}`,
});
