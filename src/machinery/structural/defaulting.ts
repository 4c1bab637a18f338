/** Filling in defaults. Upstream: apiserver/schema/defaulting/algorithm.go. */

import { copyJson } from '../copy-json.ts';
import { setMember } from '../own-member.ts';
import { requestEntityTooLarge } from '../status.ts';
import type { JSONSchemaProps } from './contract.ts';
import { additionalOf, hasDefault, itemsOf, type JsonMap, own } from './schema-node.ts';

const isForbiddenNull = (value: unknown, schema: JSONSchemaProps): boolean =>
  value === null && schema.nullable !== true;

/** Whether a schema has a default anywhere, so that most values need no walk. */
export function hasDefaults(schema: JSONSchemaProps | undefined): boolean {
  if (schema === undefined) return false;
  for (const name in schema.properties ?? {}) {
    const field = own(schema.properties!, name);
    if (field !== undefined && (hasDefault(field) || hasDefaults(field))) return true;
  }
  return [itemsOf(schema), additionalOf(schema)].some(
    (inner) => inner !== undefined && (hasDefault(inner) || hasDefaults(inner)),
  );
}

/** Defaults may add this many characters of JSON to an object; without a bound, a small list grows without one. */
const MAX_ADDED = 32 * 1024 * 1024;

interface Filling {
  /** How much more may be added. */
  left: number;
}

const sizes = new WeakMap<JSONSchemaProps, number>();

/** A copy of the default of a schema, or null. */
function defaultOf(schema: JSONSchemaProps, filling: Filling): unknown {
  if (typeof schema.default !== 'object' || schema.default === null) return schema.default ?? null;
  let size = sizes.get(schema);
  if (size === undefined) {
    size = JSON.stringify(schema.default).length;
    sizes.set(schema, size);
  }
  filling.left -= size;
  if (filling.left < 0) throw requestEntityTooLarge(`defaults add more than ${MAX_ADDED} characters to the object`);
  return copyJson(schema.default);
}

/** Fills in the defaults of `schema`, in place, from the outside in. Throws a StatusError (413) for too much of them. */
export const applyDefaults = (value: unknown, schema: JSONSchemaProps): void =>
  fill(value, schema, { left: MAX_ADDED });

function fill(value: unknown, schema: JSONSchemaProps, filling: Filling): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) fillItems(value, itemsOf(schema), filling);
  else fillFields(value as JsonMap, schema, filling);
}

function fillItems(list: unknown[], items: JSONSchemaProps | undefined, filling: Filling): void {
  if (items === undefined) return;
  for (let index = 0; index < list.length; index++) {
    if (isForbiddenNull(list[index], items)) list[index] = defaultOf(items, filling);
    fill(list[index], items, filling);
  }
}

type Properties = NonNullable<JSONSchemaProps['properties']>;

const defaulted = new WeakMap<Properties, readonly string[]>();

/** Most fields have no default, and every object passes here. */
function defaultedFields(properties: Properties): readonly string[] {
  let names = defaulted.get(properties);
  if (names === undefined) {
    names = Object.keys(properties).filter((name) => hasDefault(properties[name]!));
    defaulted.set(properties, names);
  }
  return names;
}

function fillFields(map: JsonMap, schema: JSONSchemaProps, filling: Filling): void {
  const properties = schema.properties ?? {};
  for (const name of defaultedFields(properties)) {
    const field = properties[name]!;
    if (!Object.hasOwn(map, name) || isForbiddenNull(map[name], field)) setMember(map, name, defaultOf(field, filling));
  }
  const additional = additionalOf(schema);
  for (const name of Object.keys(map)) {
    const declared = own(properties, name);
    if (declared !== undefined) {
      fill(map[name], declared, filling);
    } else if (additional !== undefined) {
      if (isForbiddenNull(map[name], additional)) setMember(map, name, defaultOf(additional, filling));
      fill(map[name], additional, filling);
    }
  }
}
