/** The order in which the server writes what it decoded. Upstream: encoding/json of the Go types. */

import type { Json, JsonObject } from '../meta.ts';
import { setMember } from '../own-member.ts';
import type { Schema } from '../schema.ts';

/**
 * A copy of a decoded value with its members as upstream writes them: fields in declaration order, maps and custom
 * resources by name. Raw JSON stays as it is.
 */
export function inDeclaredOrder(schema: Schema, value: Json): Json {
  if (value === null || typeof value !== 'object') return value;
  if (schema.type === 'object' && schema.decode !== undefined) return byName(value);
  if (Array.isArray(value))
    return schema.type === 'array' ? value.map((item) => inDeclaredOrder(schema.items, item)) : value;
  if (schema.type === 'map')
    return ordered(Object.keys(value).sort(), value, (item) => inDeclaredOrder(schema.values, item));
  if (schema.type !== 'object') return value;
  const { fields } = schema;
  const names = [...fields.keys()].filter((name) => Object.hasOwn(value, name));
  const others = Object.keys(value).filter((name) => !fields.has(name));
  return ordered([...names, ...others], value, (item, name) => {
    const field = fields.get(name);
    return field === undefined ? item : inDeclaredOrder(field.schema, item);
  });
}

function byName(value: Json): Json {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(byName);
  return ordered(Object.keys(value).sort(), value, byName);
}

function ordered(names: string[], value: JsonObject, change: (item: Json, name: string) => Json): JsonObject {
  const out: JsonObject = {};
  for (const name of names) if (value[name] !== undefined) setMember(out, name, change(value[name], name));
  return out;
}
