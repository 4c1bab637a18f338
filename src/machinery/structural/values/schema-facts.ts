/** What validation needs of a schema, worked out once. */
import type { JSONSchemaProps } from '../contract.ts';
import { isIntOrString } from '../schema-node.ts';
import { isKnownFormat } from './formats.ts';

/**
 * `object`: formats that mean nothing are ignored, and int-or-string names its two types. `default`: the schema as a
 * definition's defaults are held against it, without either. Upstream: NewSchemaValidator, Structural.ToKubeOpenAPI.
 */
export type SchemaUse = 'object' | 'default';

export interface SchemaFacts {
  readonly types: readonly string[];
  /** The types as messages show them. */
  readonly typeText: string;
  readonly format: string;
  /** The type and its format, for numbers. */
  readonly numberType: '' | 'integer' | 'number';
  readonly numberFormat: string;
  readonly hasJunctors: boolean;
  /** How many names an object is asked for. */
  readonly fields: number;
}

const known: Readonly<Record<SchemaUse, WeakMap<JSONSchemaProps, SchemaFacts>>> = {
  object: new WeakMap(),
  default: new WeakMap(),
};

export function factsOf(schema: JSONSchemaProps, use: SchemaUse): SchemaFacts {
  let facts = known[use].get(schema);
  if (facts === undefined) {
    facts = work(schema, use);
    known[use].set(schema, facts);
  }
  return facts;
}

function work(schema: JSONSchemaProps, use: SchemaUse): SchemaFacts {
  const types = use === 'object' && isIntOrString(schema) ? ['integer', 'string'] : schema.type ? [schema.type] : [];
  const only = types.length === 1 ? types[0]! : '';
  const stated = schema.format ?? '';
  const format = use === 'default' || isKnownFormat(only, stated) ? stated : '';
  const numberType = only === 'integer' || only === 'number' ? only : '';
  return {
    types,
    typeText: types.join(','),
    format,
    numberType,
    numberFormat: numberType !== '' && isKnownFormat(numberType, format) ? format : '',
    fields: Object.keys(schema.properties ?? {}).length + (schema.required ?? []).length,
    hasJunctors:
      schema.not !== undefined || [schema.anyOf, schema.oneOf, schema.allOf].some((list) => list && list.length > 0),
  };
}
