import { NumberLiteral } from '../exact-numbers.ts';
import type { Schema } from '../schema.ts';

/** A body that does not fit its type; `message` is what Go's decoder says. The server adds version and kind to it. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  /** The value of the wrong JSON type, and what it should have been; unset for values that are parsed further. */
  readonly mismatch?: { readonly value: unknown; readonly schema: Schema };

  constructor(message: string, mismatch?: { value: unknown; schema: Schema }) {
    super(message);
    if (mismatch) this.mismatch = mismatch;
  }
}

/** What Go reads times, durations and ports as before it parses them itself. */
export const PARSED_TEXT: Schema = { type: 'string' };
export const PARSED_INT32: Schema = { type: 'int32' };

/** What a decode carries along: where it stands, and whether a field was met that the type does not have. */
export interface DecodeContext {
  /** Names of the fields from the root; only the first `depth` are meant. */
  readonly path: string[];
  depth: number;
  /** Go's name of the struct whose field is decoded. */
  struct: string;
  unknown: boolean;
  /** Integers that are too large lose their upper bits, as Go's conversions of numbers do. */
  wraps?: boolean;
  /** Some numbers are given as they were written. */
  literals?: boolean;
}

/** Turns one JSON value into its normal form; throws a DecodeError. */
export type Decoder = (value: unknown, context: DecodeContext) => unknown;

/** The deepest nesting of values that no schema describes; beyond it they could not be written out again. */
export const MAX_DEPTH = 1_000;

/** Go's name of the JSON type of a value. */
export function jsonTypeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint' || value instanceof NumberLiteral) return 'number';
  return value === null ? 'null' : typeof value;
}

/** `core/v1.PodSpec` as Go prints it: `v1.PodSpec`. */
export const goName = (name: string | undefined): string => (name === undefined ? 'struct' : name.replace(/^.*\//, ''));

const GO_SCALARS: Partial<Record<Schema['type'], string>> = {
  byte: '[]uint8',
  time: 'v1.Time',
  microTime: 'v1.MicroTime',
  duration: 'v1.Duration',
  quantity: 'resource.Quantity',
  intOrString: 'intstr.IntOrString',
  fieldsV1: 'v1.FieldsV1',
  json: 'v1.JSON',
};

/** The Go type of a schema, for error texts. */
export function goType(schema: Schema): string {
  if (schema.type === 'object') return goName(schema.name);
  if (schema.goName !== undefined) return schema.goName;
  if (schema.type === 'array') return `[]${goType(schema.items)}`;
  if (schema.type === 'map') return `map[${schema.keyGoName ?? 'string'}]${goType(schema.values)}`;
  return GO_SCALARS[schema.type] ?? schema.type;
}

/** Upstream: encoding/json.UnmarshalTypeError. */
export function wrongType(value: unknown, schema: Schema, context: DecodeContext, literal = ''): DecodeError {
  const what = `json: cannot unmarshal ${jsonTypeOf(value)}${literal} into Go`;
  const mismatch = schema === PARSED_TEXT || schema === PARSED_INT32 ? undefined : { value, schema };
  if (context.depth === 0) return new DecodeError(`${what} value of type ${goType(schema)}`, mismatch);
  const field = context.path.slice(0, context.depth).join('.');
  return new DecodeError(`${what} struct field ${context.struct}.${field} of type ${goType(schema)}`, mismatch);
}
