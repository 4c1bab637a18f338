/** Failures of strategic merge patches in upstream's words. Upstream: apimachinery/pkg/util/mergepatch/errors.go. */
import { goText } from '../go-value.ts';
import { badRequest, StatusError } from '../status.ts';

/** A patch that does not fit the document; upstream answers these as internal errors without a reason. */
export function failure(message: string): StatusError {
  return new StatusError(500, '', message);
}

/** A directive of the wrong form. */
export function badFormat(what: string): StatusError {
  return badRequest(`invalid patch format of ${what}`);
}

export function listOfLists(): StatusError {
  return new StatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
}

export function noMergeKey(item: unknown, mergeKey: string): StatusError {
  return failure(`map: ${goText(item)} does not contain declared merge key: ${mergeKey}`);
}

/** The Go type of a JSON value. */
export function goTypeText(value: unknown): string {
  if (value === null || value === undefined) return '%!s(<nil>)';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'boolean' ? 'bool' : 'string';
}
