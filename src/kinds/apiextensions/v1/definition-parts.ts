/** Rules of the parts of a definition besides its schemas. Upstream: apiextensions/validation/validation.go. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  fieldPath,
  GoPointer,
  invalidValue,
  type JSONSchemaProps,
  unsupportedValue,
} from '../../../machinery/structural/index.ts';
import {
  dns1035Label,
  duplicateError,
  invalidError,
  requiredError,
  tooManyError,
} from '../../../machinery/validation/index.ts';
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinitionNames,
  CustomResourceSubresources,
  SelectableField,
} from '../../generated/types/apiextensions-v1.ts';

export const MAX_SELECTABLE_FIELDS = 8;

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const COLUMN_FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];

/** One of several texts. */
export function choiceErrors(path: string, value: string, accepted: readonly string[]): FieldError[] {
  if (value === '') return [requiredError(path)];
  return accepted.includes(value) ? [] : [unsupportedValue(path, value, accepted)];
}

/** Names must be labels; which of them must be there is not asked here. */
export function nameErrors(names: CustomResourceDefinitionNames, path: string): FieldError[] {
  const label = (field: string, text: string | undefined): FieldError[] => {
    const faults = text ? dns1035Label(text) : [];
    return faults.length > 0 ? [invalidError(`${path}.${field}`, text, faults.join(','))] : [];
  };
  const mixed = (field: string, text: string | undefined): FieldError[] => {
    const faults = text ? dns1035Label(text.toLowerCase()) : [];
    const why = `may have mixed case, but should otherwise match: ${faults.join(',')}`;
    return faults.length > 0 ? [invalidError(`${path}.${field}`, text, why)] : [];
  };
  const each = (field: string, texts: readonly string[] | undefined): FieldError[] =>
    (texts ?? []).flatMap((text, index) => {
      const faults = dns1035Label(text);
      return faults.length > 0 ? [invalidError(`${path}.${field}[${index}]`, text, faults.join(','))] : [];
    });
  const same = names.kind !== '' && names.kind === names.listKind;
  return [
    ...label('plural', names.plural),
    ...label('singular', names.singular),
    ...mixed('kind', names.kind),
    ...mixed('listKind', names.listKind),
    ...each('shortNames', names.shortNames),
    ...(same ? [invalidError(`${path}.listKind`, names.listKind, 'kind and listKind may not be the same')] : []),
    ...each('categories', names.categories),
  ];
}

export function columnErrors(column: CustomResourceColumnDefinition, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const types = `must be one of ${COLUMN_TYPES.join(',')}`;
  if (!column.name) errors.push(requiredError(`${path}.name`));
  if (!column.type) errors.push(requiredError(`${path}.type`, types));
  else if (!COLUMN_TYPES.includes(column.type)) errors.push(invalidError(`${path}.type`, column.type, types));
  if (column.format && !COLUMN_FORMATS.includes(column.format))
    errors.push(invalidError(`${path}.format`, column.format, `must be one of ${COLUMN_FORMATS.join(',')}`));
  if (!column.jsonPath) errors.push(requiredError(`${path}.JSONPath`));
  else errors.push(...simplePathErrors(column.jsonPath, `${path}.JSONPath`));
  return errors;
}

/** Upstream: validateSimpleJSONPath. */
const simplePathErrors = (text: string, path: string): FieldError[] =>
  text.startsWith('.') ? [] : [invalidError(path, text, 'must be a simple json path starting with .')];

export function subresourceErrors(subresources: CustomResourceSubresources | undefined, path: string): FieldError[] {
  const scale = subresources?.scale;
  if (scale === undefined) return [];
  const under = (field: string, text: string, roots: readonly string[], where: string): FieldError[] => {
    const at = `${path}.scale.${field}`;
    const faults = simplePathErrors(text, at);
    if (faults.length > 0 || roots.some((root) => text.startsWith(`.${root}.`))) return faults;
    const shown = field === 'labelSelectorPath' ? new GoPointer(text) : text;
    return [invalidValue(at, shown, `should be a json path under ${where}`)];
  };
  const required = (field: 'specReplicasPath' | 'statusReplicasPath', root: string): FieldError[] =>
    scale[field] ? under(field, scale[field], [root], `.${root}`) : [requiredError(`${path}.scale.${field}`)];
  const selector = scale.labelSelectorPath;
  return [
    ...required('specReplicasPath', 'spec'),
    ...required('statusReplicasPath', 'status'),
    ...(selector ? under('labelSelectorPath', selector, ['spec', 'status'], 'either .spec or .status') : []),
  ];
}

/** `mayBeMany`: the stored definition has the same fields, too many already. */
export function selectableFieldErrors(
  fields: readonly SelectableField[],
  schema: JSONSchemaProps,
  { path, mayBeMany }: { path: string; mayBeMany: boolean },
): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, { jsonPath }] of fields.entries()) {
    const at = `${path}[${index}].jsonPath`;
    if (!jsonPath) {
      errors.push(requiredError(at));
      continue;
    }
    const found = fieldPath(jsonPath, schema, false);
    if (!found.ok) {
      errors.push(invalidError(at, jsonPath, `is an invalid path: ${found.error}`));
      continue;
    }
    if (found.root === 'metadata') errors.push(invalidError(at, jsonPath, 'must not point to fields in metadata'));
    if (!['string', 'boolean', 'integer'].includes(found.schema?.type ?? '')) {
      const why =
        'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.';
      errors.push(invalidError(at, jsonPath, why));
    }
    if (seen.has(found.path)) errors.push(duplicateError(at, jsonPath));
    seen.add(found.path);
  }
  if (seen.size > MAX_SELECTABLE_FIELDS && !mayBeMany)
    errors.push(tooManyError(path, seen.size, MAX_SELECTABLE_FIELDS));
  return errors;
}

/** Upstream: validateDeprecationWarning. */
export function deprecationErrors(deprecated: boolean, warning: string | undefined, path: string): FieldError[] {
  if (warning === undefined) return [];
  const shown = new GoPointer(warning);
  if (!deprecated) return [invalidValue(path, shown, 'can only be set for deprecated versions')];
  const faults: string[] = [];
  if (new TextEncoder().encode(warning).length > 256) faults.push('must be <= 256 characters long');
  if (warning === '') faults.push('must not be an empty string');
  const odd = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(warning);
  if (odd !== null) {
    const index = new TextEncoder().encode(warning.slice(0, odd.index)).length;
    faults.push(`must only contain printable UTF-8 characters; non-printable character found at index ${index}`);
  }
  return faults.map((why) => invalidValue(path, shown, why));
}

/** Storage versions that are remembered must still be known. */
export function storedVersionErrors(
  stored: readonly string[] | undefined,
  versions: readonly { name: string; storage: boolean }[],
  path: string,
): FieldError[] {
  if (!stored || stored.length === 0) return [invalidValue(path, null, 'must have at least one stored version')];
  const errors: FieldError[] = [];
  const missing = new Map(stored.map((name, index) => [name, index]));
  for (const { name, storage } of versions) {
    if (storage && !missing.has(name)) errors.push(invalidValue(path, stored, `must have the storage version ${name}`));
    missing.delete(name);
  }
  for (const [name, index] of missing) {
    const why = `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`;
    errors.push(invalidValue(`${path}[${index}]`, name, why));
  }
  return errors;
}
