/** That what the scale subresource reads has the form it needs. Upstream: customresource/validator.go. */
import { goText, goTypeOf, isInt64 } from '../go-value.ts';
import type { KubeObject } from '../meta.ts';
import type { FieldError } from '../status.ts';
import type { ScalePaths } from './contract.ts';
import { invalidValue } from './field-errors.ts';
import { isMap, own } from './schema-node.ts';

const MAX_INT32 = 2 ** 31 - 1;

export const validateScaleSpec = (object: KubeObject, scale: ScalePaths | undefined): FieldError[] =>
  scale === undefined ? [] : replicasErrors(object, scale.specReplicasPath);

export function validateScaleStatus(object: KubeObject, scale: ScalePaths | undefined): FieldError[] {
  if (scale === undefined) return [];
  const errors = replicasErrors(object, scale.statusReplicasPath);
  const path = scale.labelSelectorPath;
  if (path === undefined) return errors;
  const { value, found, error } = nested(object, path);
  const fault = error ?? (found && typeof value !== 'string' ? accessorError(path, value, 'string') : undefined);
  return fault === undefined ? errors : [...errors, invalidValue(path, '', fault)];
}

function replicasErrors(object: KubeObject, path: string): FieldError[] {
  const { value, found, error } = nested(object, path);
  if (error !== undefined) return [invalidValue(path, 0, error)];
  if (!found) return [];
  if (typeof value !== 'number' || !isInt64(value)) return [invalidValue(path, 0, accessorError(path, value, 'int64'))];
  if (value < 0) return [invalidValue(path, value, 'should be a non-negative integer')];
  return value > MAX_INT32 ? [invalidValue(path, value, `should be less than or equal to ${MAX_INT32}`)] : [];
}

/** Upstream: unstructured.NestedFieldNoCopy. */
function nested(object: KubeObject, path: string): { value?: unknown; found: boolean; error?: string } {
  const names = path.replace(/^\./, '').split('.');
  let value: unknown = object;
  for (const [at, name] of names.entries()) {
    if (value === null) return { found: false };
    if (!isMap(value)) {
      const place = names.slice(0, at + 1).join('.');
      return { found: false, error: accessorError(place, value, 'map[string]interface {}') };
    }
    if (!Object.hasOwn(value, name)) return { found: false };
    value = own(value, name);
  }
  return { value, found: true };
}

const accessorError = (path: string, value: unknown, expected: string): string =>
  `.${path.replace(/^\./, '')} accessor error: ${goText(value)} is of the type ${goTypeOf(value)}, expected ${expected}`;
