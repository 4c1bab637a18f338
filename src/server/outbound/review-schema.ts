/** The form of answers to reviews, which are in no published schema. */
import type { FieldSchema, ObjectSchema, Schema } from '../../machinery/schema.ts';

/** An object type of these fields, named as Go's messages name it. */
export function structSchema(name: string, fields: Readonly<Record<string, Schema>>): ObjectSchema {
  const entries = Object.entries(fields).map(([field, schema]): [string, FieldSchema] => [
    field,
    { name: field, schema, omitempty: true, pointer: true },
  ]);
  return { type: 'object', name, fields: new Map(entries) };
}

export const TEXT: Schema = { type: 'string' };
export const BOOL: Schema = { type: 'bool' };
export const BYTES: Schema = { type: 'byte' };
export const TEXTS: Schema = { type: 'array', items: TEXT };
export const TEXT_MAP: Schema = { type: 'map', values: TEXT };
export const OBJECTS: Schema = { type: 'array', items: { type: 'rawExtension' } };

/** A whole review: only its answer counts. */
export function reviewSchema(name: string, response: ObjectSchema): ObjectSchema {
  return structSchema(name, { kind: TEXT, apiVersion: TEXT, response });
}
