/** Failures of strategic merge patches in upstream's words. Upstream: apimachinery/pkg/util/mergepatch/errors.go. */
import { goStringVerb, goText } from '../go-value.ts';
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

/** `$patch` with a value that is no directive. */
export function badDirective(directive: unknown, map: unknown): StatusError {
  return failure(`unknown patch type: ${goStringVerb(directive)} in map: ${goText(map)}`);
}

export function wrongArgument(expected: 'map' | 'list', actual: unknown): StatusError {
  const type = expected === 'map' ? 'map[string]interface {}' : '[]interface {}';
  return failure(`expected a ${type}, but received a ${goTypeText(actual)}`);
}

/** The Go type of a JSON value. */
export function goTypeText(value: unknown): string {
  if (value === null || value === undefined) return '%!s(<nil>)';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  if (typeof value === 'bigint') return 'int64';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'boolean' ? 'bool' : 'string';
}
