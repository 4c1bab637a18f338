/** Field errors whose values are those of a custom resource: maps, whose keys upstream writes in order. */
import { goNumber } from '../go-value.ts';
import { quote } from '../quote.ts';
import type { CauseType, FieldError } from '../status.ts';
import { counted } from '../validation/index.ts';
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

/** A value as field errors show it. */
function showValue(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return goNumber(value);
  return sortedJson(value instanceof GoPointer ? value.text : value);
}

const withDetail = (text: string, detail: string): string => (detail === '' ? text : `${text}: ${detail}`);

const valueError =
  (type: CauseType, word: string) =>
  (field: string, value: unknown, detail = ''): FieldError =>
    counted({
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
