/** Constructors of field errors with upstream's wording. Upstream: apimachinery/pkg/util/validation/field. */

import { quote } from '../quote.ts';
import type { FieldError } from '../status.ts';

/** A value as upstream's messages show it: texts quoted, numbers and bools plain, the rest as JSON. */
function show(value: unknown): string {
  if (value === undefined || value === null) return 'null';
  return typeof value === 'string' ? quote(value) : typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const withDetail = (text: string, detail: string): string => (detail === '' ? text : `${text}: ${detail}`);

export const requiredError = (field: string, detail = ''): FieldError => ({
  type: 'FieldValueRequired',
  field,
  message: withDetail('Required value', detail),
});

export const invalidError = (field: string, value: unknown, detail: string): FieldError => ({
  type: 'FieldValueInvalid',
  field,
  message: withDetail(`Invalid value: ${show(value)}`, detail),
});

export const duplicateError = (field: string, value: unknown, detail = ''): FieldError => ({
  type: 'FieldValueDuplicate',
  field,
  message: withDetail(`Duplicate value: ${show(value)}`, detail),
});

export const forbiddenError = (field: string, detail: string): FieldError => ({
  type: 'FieldValueForbidden',
  field,
  message: withDetail('Forbidden', detail),
});

export const notSupportedError = (field: string, value: unknown, supported: readonly string[]): FieldError => ({
  type: 'FieldValueNotSupported',
  field,
  message: `Unsupported value: ${show(value)}: supported values: ${supported.map(show).join(', ')}`,
});

export const notFoundError = (field: string, value: unknown): FieldError => ({
  type: 'FieldValueNotFound',
  field,
  message: `Not found: ${show(value)}`,
});

/** `max`: bytes. */
export const tooLongError = (field: string, max: number): FieldError => ({
  type: 'FieldValueTooLong',
  field,
  message: `Too long: may not be more than ${max} byte${max === 1 ? '' : 's'}`,
});

export const tooManyError = (field: string, actual: number, max: number): FieldError => ({
  type: 'FieldValueTooMany',
  field,
  message: `Too many: ${actual}: must have at most ${max} item${max === 1 ? '' : 's'}`,
});

/** One `Invalid value` per message; validators of formats return messages. */
export const invalidErrors = (field: string, value: unknown, details: readonly string[]): FieldError[] =>
  details.map((detail) => invalidError(field, value, detail));
