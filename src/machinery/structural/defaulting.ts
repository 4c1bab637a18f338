/** Filling in defaults. Upstream: apiserver/schema/defaulting/algorithm.go. */
import { copyJson } from '../copy-json.ts';
import type { JSONSchemaProps } from './contract.ts';
import { additionalOf, hasDefault, itemsOf, type JsonMap, own, setKey } from './schema-node.ts';

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

/** Fills in the defaults of `schema`, in place, from the outside in. */
export function applyDefaults(value: unknown, schema: JSONSchemaProps): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) defaultItems(value, itemsOf(schema));
  else defaultFields(value as JsonMap, schema);
}

function defaultItems(list: unknown[], items: JSONSchemaProps | undefined): void {
  if (items === undefined) return;
  for (let index = 0; index < list.length; index++) {
    if (isForbiddenNull(list[index], items)) list[index] = copyJson(items.default ?? null);
    applyDefaults(list[index], items);
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

function defaultFields(map: JsonMap, schema: JSONSchemaProps): void {
  const properties = schema.properties ?? {};
  for (const name of defaultedFields(properties)) {
    const field = properties[name]!;
    if (!Object.hasOwn(map, name) || isForbiddenNull(map[name], field)) setKey(map, name, copyJson(field.default));
  }
  const additional = additionalOf(schema);
  for (const name of Object.keys(map)) {
    const declared = own(properties, name);
    if (declared !== undefined) {
      applyDefaults(map[name], declared);
    } else if (additional !== undefined) {
      if (isForbiddenNull(map[name], additional)) setKey(map, name, copyJson(additional.default ?? null));
      applyDefaults(map[name], additional);
    }
  }
}
