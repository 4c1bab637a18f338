/** How expressions see values of an OpenAPI schema. Upstream: pkg/cel/common/schemas.go SchemaDeclType */
import {
  boolType,
  bytesType,
  doubleType,
  durationType,
  dynType,
  intType,
  listOf,
  mapOf,
  objectOf,
  stringType,
  timestampType,
} from './cel-type.ts';
import { CEL_MAX_REQUEST_BYTES, type CelField, type CelType } from './contract.ts';
import { escapeName } from './escape.ts';

/** The parts of an OpenAPI schema that decide the type and the size of values. */
export interface TypedSchema {
  readonly type?: string | undefined;
  readonly format?: string | undefined;
  readonly maxLength?: number | undefined;
  readonly maxItems?: number | undefined;
  readonly maxProperties?: number | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly default?: unknown;
  readonly required?: readonly string[] | undefined;
  readonly properties?: Readonly<Record<string, TypedSchema>> | undefined;
  readonly additionalProperties?: TypedSchema | boolean | undefined;
  readonly items?: TypedSchema | readonly TypedSchema[] | undefined;
  readonly 'x-kubernetes-int-or-string'?: boolean | undefined;
  readonly 'x-kubernetes-embedded-resource'?: boolean | undefined;
  readonly 'x-kubernetes-list-type'?: string | undefined;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[] | undefined;
}

/** Fits a size into the numbers upstream uses. */
function bounded(value: number): number {
  return Math.max(0, value);
}

const wholeRequest = CEL_MAX_REQUEST_BYTES - 2;
const dateSize = 12;
const timeSize = 32;

function sized(type: CelType, maxElements: number, minSerializedSize: number): CelType {
  return { ...type, maxElements, minSerializedSize };
}

function textType(schema: TypedSchema): CelType {
  const { maxLength } = schema;
  switch (schema.format) {
    case 'byte':
      return sized(bytesType, maxLength === undefined ? wholeRequest : bounded(maxLength), 2);
    case 'duration':
      return sized(durationType, timeSize, 3);
    case 'date':
      return sized(timestampType, dateSize, dateSize);
    case 'date-time':
      return sized(timestampType, timeSize, 21);
    default:
      return sized(stringType, textSize(schema), 2);
  }
}

/** Lengths count code points, requests bytes: up to four for each. */
function textSize({ maxLength, enum: values }: TypedSchema): number {
  if (maxLength !== undefined) return bounded(maxLength) * 4;
  if (values === undefined || values.length === 0) return wholeRequest;
  const lengths = values.map((value) => (typeof value === 'string' ? new TextEncoder().encode(value).length : 0));
  return Math.max(...lengths);
}

function listType(schema: TypedSchema, name: string): CelType | undefined {
  const { items } = schema;
  if (items === undefined || Array.isArray(items)) return undefined;
  const element = typeOfSchema(items as TypedSchema, `${name}.@idx`);
  if (element === undefined) return undefined;
  const fitting = Math.floor(wholeRequest / ((element.minSerializedSize as number) + 1));
  const maxElements = schema.maxItems === undefined ? fitting : bounded(schema.maxItems);
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'];
  if (listType !== 'set' && listType !== 'map') return listOf(element, { maxElements });
  return listOf(element, { maxElements, listType, ...(keys === undefined ? {} : { listMapKeys: keys }) });
}

/** Keys count as nothing: upstream's plain text type has no length. */
const keyType = sized(stringType, 0, 2);

function mapType(schema: TypedSchema, values: TypedSchema, name: string): CelType | undefined {
  const value = typeOfSchema(values, `${name}.@elem`);
  if (value === undefined) return undefined;
  const fitting = Math.floor(wholeRequest / ((value.minSerializedSize as number) + 6));
  return mapOf(keyType, value, schema.maxProperties === undefined ? fitting : bounded(schema.maxProperties));
}

const plainText: TypedSchema = { type: 'string' };
/** What every resource has, whatever its schema says. */
const resourceProperties: Readonly<Record<string, TypedSchema>> = {
  kind: plainText,
  apiVersion: plainText,
  metadata: { type: 'object', properties: { name: plainText, generateName: plainText } },
};

function objectType(schema: TypedSchema, name: string): CelType {
  const properties = schema.properties ?? {};
  const required = new Set(schema.required ?? []);
  const typeAt = (key: string) => typeOfSchema(properties[key] as TypedSchema, `${name}.${escapeName(key) ?? key}`);
  const fields = (): CelField[] =>
    Object.keys(properties).flatMap((key) => {
      const escaped = escapeName(key);
      const type = escaped === undefined ? undefined : typeAt(key);
      return type === undefined ? [] : [{ name: escaped as string, key, type, required: required.has(key) }];
    });
  let minSize = 2;
  for (const key of required) {
    if (!Object.hasOwn(properties, key) || properties[key]?.default !== undefined) continue;
    const size = typeAt(key)?.minSerializedSize;
    if (size !== undefined) minSize += new TextEncoder().encode(key).length + size + 4;
  }
  return { ...sized(objectOf(name, fields), 0, minSize), nullIsAbsent: true };
}

function typeOfSchema(schema: TypedSchema, name: string): CelType | undefined {
  return celTypeOfSchema(schema, { name, resource: schema['x-kubernetes-embedded-resource'] === true });
}

/**
 * The type of a schema's values, or `undefined` if expressions cannot see them.
 * `resource`: the schema is the root of a resource, whose kind, apiVersion and name are always there.
 */
export function celTypeOfSchema(
  schema: TypedSchema,
  { name = 'selfType', resource = false }: { readonly name?: string; readonly resource?: boolean } = {},
): CelType | undefined {
  if (schema['x-kubernetes-int-or-string'] === true) {
    const { maxLength } = schema;
    return sized(dynType, maxLength === undefined ? wholeRequest : bounded(maxLength) * 4, 1);
  }
  const { type, additionalProperties } = schema;
  switch (type) {
    case 'array':
      return listType(schema, name);
    case 'object': {
      if (typeof additionalProperties === 'object' && !resource) return mapType(schema, additionalProperties, name);
      const properties = resource ? { ...schema.properties, ...resourceProperties } : schema.properties;
      return objectType({ ...schema, properties }, name);
    }
    case 'string':
      return textType(schema);
    case 'boolean':
      return sized(boolType, 0, 4);
    case 'number':
      return sized(doubleType, 0, 1);
    case 'integer':
      return sized(intType, 0, 1);
    default:
      return undefined;
  }
}

/** How often a value of a type fits into a request. Upstream: maxCardinality */
export function maxCardinality(type: CelType): number {
  return Math.floor(CEL_MAX_REQUEST_BYTES / ((type.minSerializedSize ?? 0) + 1));
}
