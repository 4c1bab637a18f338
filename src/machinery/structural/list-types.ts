/** That sets hold no value and keyed lists no key twice. Upstream: apiserver/schema/listtype/validation.go. */
import { setMember } from '../own-member.ts';
import type { FieldError } from '../status.ts';
import type { JSONSchemaProps } from './contract.ts';
import { duplicateValue, invalidValue, sortedJson } from './field-errors.ts';
import { additionalOf, child, isMap, itemsOf, type JsonMap, key, own } from './schema-node.ts';

/** Duplicates anywhere in a value. */
export function validateListTypes(value: unknown, schema: JSONSchemaProps, path: string): FieldError[] {
  const errors: FieldError[] = [];
  visit(value, schema, { path, errors });
  return errors;
}

interface Place {
  path: string;
  errors: FieldError[];
}

function visit(value: unknown, schema: JSONSchemaProps | undefined, place: Place): void {
  if (schema === undefined || typeof value !== 'object' || value === null) return;
  const { path, errors } = place;
  if (Array.isArray(value)) {
    if (schema['x-kubernetes-list-type'] === 'set') errors.push(...duplicatesOf(value, value, path));
    if (schema['x-kubernetes-list-type'] === 'map') errors.push(...duplicateKeys(value, schema, path));
    const items = itemsOf(schema);
    if (items === undefined) return;
    for (let i = 0; i < value.length; i++) visit(value[i], items, { path: `${path}[${i}]`, errors });
    return;
  }
  const additional = additionalOf(schema);
  const map = value as JsonMap;
  for (const name of Object.keys(map)) {
    const declared = schema.properties === undefined ? undefined : own(schema.properties, name);
    if (additional !== undefined) visit(map[name], additional, { path: key(path, name), errors });
    if (declared !== undefined) visit(map[name], declared, { path: child(path, name), errors });
  }
}

/** An error for the first repetition of each of `names`, which shows the value of `shown` there. */
function duplicatesOf(names: readonly unknown[], shown: readonly unknown[], path: string): FieldError[] {
  if (names.length <= 1) return [];
  const seen = new Map<string, number>();
  const errors: FieldError[] = [];
  for (let i = 0; i < names.length; i++) {
    const name = names[i] === undefined ? '' : sortedJson(names[i]);
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    if (times === 2) errors.push(duplicateValue(`${path}[${i}]`, shown[i]));
  }
  return errors;
}

function duplicateKeys(list: readonly unknown[], schema: JSONSchemaProps, path: string): FieldError[] {
  const odd = list.findIndex((item) => item !== null && !isMap(item));
  if (odd >= 0) return [invalidValue(`${path}[${odd}]`, list[odd], 'must be an object for an array of list-type map')];
  const keys = list.map((item) => keyOf(item as JsonMap | null, schema['x-kubernetes-list-map-keys'] ?? []));
  return duplicatesOf(keys, keys, path);
}

function keyOf(item: JsonMap | null, names: readonly string[]): JsonMap {
  const out: JsonMap = {};
  for (const name of names) if (item !== null && Object.hasOwn(item, name)) setMember(out, name, item[name]);
  return out;
}
