/** Types of built-in objects as expressions see them. Upstream: apiserver/pkg/cel/common SchemaDeclType. */
import {
  boolType,
  bytesType,
  type CelType,
  doubleType,
  dynType,
  escapeName,
  intType,
  listOf,
  mapOf,
  objectOf,
  stringType,
  timestampType,
} from '../../machinery/cel/index.ts';
import type { FieldSchema, ObjectSchema, Schema } from '../../machinery/schema.ts';

const SCALARS: Readonly<Record<string, CelType>> = {
  string: stringType,
  duration: stringType,
  bool: boolType,
  int32: intType,
  int64: intType,
  float64: doubleType,
  byte: bytesType,
  time: timestampType,
  microTime: timestampType,
};

/** The type of objects of a schema; `name` is what messages call it. */
export function typeOfObject(schema: ObjectSchema, name: string): CelType {
  return objectOf(name, () => [...schema.fields.values()].flatMap((field) => fieldOfSchema(field, name)));
}

function fieldOfSchema({ name: key, schema, required }: FieldSchema, owner: string) {
  const name = escapeName(key);
  return name === undefined
    ? []
    : [{ name, key, type: typeOfSchema(schema, `${owner}.${name}`), required: required === true }];
}

/** What has several forms, a quantity say, is anything. */
function typeOfSchema(schema: Schema, name: string): CelType {
  switch (schema.type) {
    case 'object':
      return schema.preserveUnknownFields ? dynType : typeOfObject(schema, name);
    case 'array':
      return listOf(typeOfSchema(schema.items, `${name}.@idx`));
    case 'map':
      return mapOf(stringType, typeOfSchema(schema.values, `${name}.@elem`));
    default:
      return SCALARS[schema.type] ?? dynType;
  }
}
