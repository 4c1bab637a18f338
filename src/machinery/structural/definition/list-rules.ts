/** What schemas may say of the kind of a list or a map. Upstream: ValidateCustomResourceDefinitionOpenAPISchema. */
import type { FieldError } from '../../status.ts';
import { forbiddenError, requiredError } from '../../validation/index.ts';
import type { JSONSchemaProps } from '../contract.ts';
import { invalidValue, unsupportedValue } from '../field-errors.ts';
import { child, hasDefault, itemsOf, key, propertyOf } from '../schema-node.ts';
import { internalItems } from './internal-form.ts';

/** Missing or wrong `type`. */
const typeErrors = (schema: JSONSchemaProps, path: string, why: string): FieldError[] => {
  const at = child(path, 'type');
  return [schema.type ? invalidValue(at, schema.type, why) : requiredError(at, why)];
};

export function mapTypeErrors(schema: JSONSchemaProps, path: string): FieldError[] {
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType === undefined) return [];
  const errors: FieldError[] = [];
  if (schema.type !== 'object')
    errors.push(...typeErrors(schema, path, 'must be object if x-kubernetes-map-type is specified'));
  if (mapType !== 'atomic' && mapType !== 'granular')
    errors.push(unsupportedValue(child(path, 'x-kubernetes-map-type'), mapType, ['atomic', 'granular']));
  return errors;
}

export function listErrors(schema: JSONSchemaProps, path: string, requireAtomicSetType: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const at = child(path, 'x-kubernetes-list-type');
  if (listType !== undefined && schema.type !== 'array')
    errors.push(...typeErrors(schema, path, 'must be array if x-kubernetes-list-type is specified'));
  else if (requireAtomicSetType) errors.push(...setItemErrors(schema, path));
  if (listType !== undefined && !['atomic', 'set', 'map'].includes(listType))
    errors.push(unsupportedValue(at, listType, ['atomic', 'set', 'map']));
  if (keys.length > 0 && listType !== 'map') {
    const why = 'must be map if x-kubernetes-list-map-keys is non-empty';
    errors.push(listType === undefined ? requiredError(at, why) : invalidValue(at, listType, why));
  }
  return listType === 'map' ? [...errors, ...keyedListErrors(schema, path, keys)] : errors;
}

/** The items of a set are scalars or owned as a whole. Upstream: hasNonAtomicSetType. */
export function hasNonAtomicItems(schema: JSONSchemaProps): boolean {
  const items = schema['x-kubernetes-list-type'] === 'set' ? itemsOf(schema) : undefined;
  if (items?.type === 'array') return (items['x-kubernetes-list-type'] ?? 'atomic') !== 'atomic';
  return items?.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic';
}

function setItemErrors(schema: JSONSchemaProps, path: string): FieldError[] {
  const items = itemsOf(schema);
  if (items === undefined || !hasNonAtomicItems(schema)) return [];
  const name = items.type === 'array' ? 'x-kubernetes-list-type' : 'x-kubernetes-map-type';
  const why = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  return [invalidValue(child(child(path, 'items'), name), items['x-kubernetes-list-type'] ?? null, why)];
}

function keyedListErrors(schema: JSONSchemaProps, path: string, keys: readonly string[]): FieldError[] {
  const errors: FieldError[] = [];
  const keysPath = child(path, 'x-kubernetes-list-map-keys');
  const itemsPath = child(path, 'items');
  if (keys.length === 0) errors.push(requiredError(keysPath, 'must not be empty if x-kubernetes-list-type is map'));
  if (schema.items === undefined)
    return [...errors, requiredError(itemsPath, 'must have a schema if x-kubernetes-list-type is map')];
  const items = itemsOf(schema);
  if (items === undefined) {
    const why = 'must only have a single schema if x-kubernetes-list-type is map';
    return [...errors, invalidValue(itemsPath, internalItems(schema.items), why)];
  }
  if (items.type !== 'object') {
    const why = "must be object if parent array's x-kubernetes-list-type is map";
    return [...errors, invalidValue(child(itemsPath, 'type'), items.type ?? '', why)];
  }
  const seen = new Set<string>();
  for (const name of keys) {
    const field = propertyOf(items, name);
    if (field === undefined) errors.push(invalidValue(keysPath, keys, 'entries must all be names of item properties'));
    else if (field.type === 'array' || field.type === 'object') {
      const at = child(key(child(itemsPath, 'properties'), name), 'type');
      const why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
      errors.push(invalidValue(at, items.type, why));
    }
    if (seen.has(name)) errors.push(invalidValue(keysPath, keys, 'must not contain duplicate entries'));
    seen.add(name);
  }
  return errors;
}

/** That items can be told apart. Upstream: validateMapListKeysMapSet. */
export function scalarKeyErrors(schema: JSONSchemaProps, path: string): FieldError[] {
  const items = itemsOf(schema);
  const listType = schema['x-kubernetes-list-type'];
  if (items === undefined || (listType !== 'set' && listType !== 'map')) return [];
  const errors: FieldError[] = [];
  const itemsPath = child(path, 'items');
  if (items.nullable === true) {
    const why = `cannot be nullable when x-kubernetes-list-type is ${listType}`;
    errors.push(forbiddenError(child(itemsPath, 'nullable'), why));
  }
  for (const name of listType === 'map' ? (schema['x-kubernetes-list-map-keys'] ?? []) : []) {
    const field = propertyOf(items, name);
    if (field === undefined) continue;
    const at = key(child(itemsPath, 'properties'), name);
    const what = 'this property is in x-kubernetes-list-map-keys, so it';
    if (!(items.required ?? []).includes(name) && !hasDefault(field))
      errors.push(requiredError(child(at, 'default'), `${what} must have a default or be a required property`));
    if (field.nullable === true) errors.push(forbiddenError(child(at, 'nullable'), `${what} cannot be nullable`));
  }
  return errors;
}
