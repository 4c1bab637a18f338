/** Constructors of field errors with upstream's wording. Upstream: apimachinery/pkg/util/validation/field. */

import { quote } from '../quote.ts';
import type { FieldError } from '../status.ts';

/** Errors of one validation; a client could not read more, and a body can have a million. */
const MAX_ERRORS = 10_000;

class ErrorsAbound extends Error {
  override readonly name = 'ErrorsAbound';
}

let made: FieldError[] | undefined;

/** An error of the validation that runs, which ends where it has too many. */
export function counted(error: FieldError): FieldError {
  if (made === undefined) return error;
  if (made.length >= MAX_ERRORS) throw new ErrorsAbound();
  made.push(error);
  return error;
}

/** What `validate`, which must not wait for anything, finds; the first errors where there are too many. */
export function boundedErrors(validate: () => FieldError[]): FieldError[] {
  const outer = made;
  const mine: FieldError[] = [];
  made = mine;
  try {
    return validate();
  } catch (error) {
    if (error instanceof ErrorsAbound) return mine;
    throw error;
  } finally {
    made = outer;
  }
}

/** A value as upstream's messages show it: texts quoted, numbers and bools plain, the rest as JSON. */
function show(value: unknown): string {
  if (value === undefined || value === null) return 'null';
  return typeof value === 'string' ? quote(value) : typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const withDetail = (text: string, detail: string): string => (detail === '' ? text : `${text}: ${detail}`);

export const requiredError = (field: string, detail = ''): FieldError =>
  counted({
    type: 'FieldValueRequired',
    field,
    message: withDetail('Required value', detail),
  });

export const invalidError = (field: string, value: unknown, detail: string): FieldError =>
  counted({
    type: 'FieldValueInvalid',
    field,
    message: withDetail(`Invalid value: ${show(value)}`, detail),
  });

export const duplicateError = (field: string, value: unknown, detail = ''): FieldError =>
  counted({
    type: 'FieldValueDuplicate',
    field,
    message: withDetail(`Duplicate value: ${show(value)}`, detail),
  });

export const forbiddenError = (field: string, detail: string): FieldError =>
  counted({
    type: 'FieldValueForbidden',
    field,
    message: withDetail('Forbidden', detail),
  });

export const notSupportedError = (field: string, value: unknown, supported: readonly string[]): FieldError =>
  counted({
    type: 'FieldValueNotSupported',
    field,
    message: `Unsupported value: ${show(value)}: supported values: ${supported.map(show).join(', ')}`,
  });

export const notFoundError = (field: string, value: unknown): FieldError =>
  counted({
    type: 'FieldValueNotFound',
    field,
    message: `Not found: ${show(value)}`,
  });

/** `max`: bytes. */
export const tooLongError = (field: string, max: number): FieldError =>
  counted({
    type: 'FieldValueTooLong',
    field,
    message: `Too long: may not be more than ${max} byte${max === 1 ? '' : 's'}`,
  });

export const tooManyError = (field: string, actual: number, max: number): FieldError =>
  counted({
    type: 'FieldValueTooMany',
    field,
    message: `Too many: ${actual}: must have at most ${max} item${max === 1 ? '' : 's'}`,
  });

/** One `Invalid value` per message; validators of formats return messages. */
export const invalidErrors = (field: string, value: unknown, details: readonly string[]): FieldError[] =>
  details.map((detail) => invalidError(field, value, detail));
