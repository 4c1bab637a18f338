/** Walking the schemas inside a schema. Upstream: apiextensions/validation SchemaHas. */
import type { JSONSchemaProps } from '../contract.ts';

type Given = JSONSchemaProps | boolean | readonly string[] | undefined;

const asSchema = (value: Given): JSONSchemaProps | undefined =>
  typeof value === 'object' && !Array.isArray(value) ? (value as JSONSchemaProps) : undefined;

/** The schemas directly inside `schema`. */
export function subSchemas(schema: JSONSchemaProps): JSONSchemaProps[] {
  const { items } = schema;
  const direct: Given[] = [schema.not, schema.additionalProperties, schema.additionalItems];
  if (!Array.isArray(items)) direct.unshift(items);
  const maps = [schema.properties, schema.patternProperties, schema.definitions, schema.dependencies];
  return [
    ...(Array.isArray(items) ? items : []),
    ...(schema.allOf ?? []),
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    ...direct.map(asSchema),
    ...maps.flatMap((map) => Object.values(map ?? {}).map(asSchema)),
  ].filter((inner) => inner !== undefined);
}

/** Whether the test holds for a schema or one inside it. */
export function someSchema(schema: JSONSchemaProps | undefined, test: (schema: JSONSchemaProps) => boolean): boolean {
  if (schema === undefined) return false;
  return test(schema) || subSchemas(schema).some((inner) => someSchema(inner, test));
}

/** The formats in a schema that no value is checked against, in upstream's order of the walk. */
export function unknownFormats(
  schema: JSONSchemaProps | undefined,
  known: (type: string, format: string) => boolean,
): string[] {
  const out: string[] = [];
  someSchema(schema, ({ type, format }) => {
    if (format && !known(type ?? '', format)) out.push(format);
    return false;
  });
  return out;
}
