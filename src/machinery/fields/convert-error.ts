/** Errors of values that are converted rather than decoded. Upstream: apimachinery/pkg/runtime/converter.go. */
import type { Schema } from '../schema.ts';
import { type DecodeError, goType } from './decode-context.ts';

/**
 * What upstream's converter says where its decoder says `error`: it goes from value to value and knows no fields. It is
 * used for the results of strategic merge patches and of apply.
 */
export function convertMessage(error: DecodeError): string {
  if (error.mismatch) return mismatchMessage(error.mismatch.value, error.mismatch.schema);
  return error.message
    .replace(/into Go struct field .* of type/, 'into Go value of type')
    .replace(/^illegal base64/, 'error decoding from json: $&');
}

function mismatchMessage(value: unknown, schema: Schema): string {
  const from = goKind(value);
  switch (schema.type) {
    case 'object':
      return `cannot restore struct from: ${from}`;
    case 'map':
      return `cannot restore map from ${from}`;
    case 'array':
    case 'byte':
      return `cannot restore slice from ${from}`;
    case 'string':
      // Go would take a number for a character.
      return from === 'int64' ? `cannot convert int64 to ${goType(schema)}` : 'unrecognized type: string';
    case 'int32':
    case 'int64':
      return from === 'float64' ? `cannot convert float64 to ${goType(schema)}` : `unrecognized type: ${schema.type}`;
    default:
      return `unrecognized type: ${schema.type}`;
  }
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'slice';
  if (typeof value === 'bigint') return 'int64';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'boolean' ? 'bool' : typeof value === 'string' ? 'string' : 'map';
}
