/** How scalar values are checked and brought into the form that the server writes. */
import { exactNumber, NumberLiteral, withoutLiterals } from '../exact-numbers.ts';
import { canonicalQuantity } from '../quantity.ts';
import { quote } from '../quote.ts';
import type { ScalarSchema, ScalarType, Schema } from '../schema.ts';
import {
  type DecodeContext,
  DecodeError,
  type Decoder,
  MAX_DEPTH,
  PARSED_INT32,
  PARSED_TEXT,
  wrongType,
} from './decode-context.ts';

const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:[.,](\d+))?(Z|[+-]\d{2}:\d{2})$/;
const RFC3339_MICRO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}(Z|[+-]\d{2}:\d{2})$/;
const LAYOUT = '2006-01-02T15:04:05Z07:00';
const LAYOUT_MICRO = '2006-01-02T15:04:05.000000Z07:00';
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Bounds of the numbers; the largest one below 2^63 stands for that of int64. */
const INTEGER_TYPE = { int32: { min: -2147483648, max: 2147483647 }, int64: { min: -(2 ** 63), max: 2 ** 63 - 1024 } };

function string(value: unknown, schema: Schema, context: DecodeContext): string {
  if (typeof value !== 'string') throw wrongType(value, schema, context);
  return value;
}

const wrapped = (value: number | bigint, bits: number): number => Number(BigInt.asIntN(bits, BigInt(value)));

function integer(schema: Schema, { min, max }: { min: number; max: number }): Decoder {
  return (value, context) => {
    if (typeof value !== 'number') return largeInteger(schema, value, context);
    if (!Number.isInteger(value) || value < min || value > max) {
      if (context.wraps === true && Number.isInteger(value)) return wrapped(value, schema.type === 'int32' ? 32 : 64);
      throw wrongType(value, schema, context, ` ${Number.isInteger(value) ? BigInt(value) : value}`);
    }
    return value === 0 ? 0 : value;
  };
}

/** An integer that is no safe one of JavaScript's; whatever else comes here is of the wrong type. */
function largeInteger(schema: Schema, value: unknown, context: DecodeContext): number | bigint {
  const exact = value instanceof NumberLiteral ? exactNumber(value.source) : value;
  if (typeof exact === 'bigint') {
    if (schema.type === 'int64') return exact;
    if (context.wraps === true) return wrapped(exact, 32);
  }
  const literal = value instanceof NumberLiteral ? ` ${value.source}` : typeof value === 'bigint' ? ` ${value}` : '';
  throw wrongType(value, schema, context, literal);
}

const int32 = integer(PARSED_INT32, INTEGER_TYPE.int32);

/** RFC 3339 in UTC with whole seconds. */
function time(text: string): string {
  const match = RFC3339.exec(text);
  const ms = match ? Date.parse(text.replace(',', '.')) : Number.NaN;
  if (!match || Number.isNaN(ms) || Number(match[3]) > daysIn(Number(match[1]), Number(match[2])))
    throw badTime(text, LAYOUT);
  return match[8] === 'Z' && match[7] === undefined ? text : `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** RFC 3339 in UTC with six fractional digits, which are required. */
function microTime(text: string): string {
  const match = RFC3339_MICRO.exec(text);
  const ms = match ? Date.parse(text) : Number.NaN;
  if (!match || Number.isNaN(ms)) throw badTime(text, LAYOUT_MICRO);
  return match[1] === 'Z' ? text : `${new Date(ms).toISOString().slice(0, 19)}${text.slice(19, 26)}Z`;
}

const daysIn = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

/** The first part of the layout that the text does not have. Upstream: time.ParseError. */
function badTime(text: string, layout: string): DecodeError {
  const parts: [RegExp, string][] = [
    [/^\d{4}/, '2006'],
    [/^-/, '-'],
    [/^(0[1-9]|1[0-2])/, '01'],
    [/^-/, '-'],
    [/^\d{2}/, '02'],
    [/^T/, 'T'],
    [/^\d{2}/, '15'],
    [/^:/, ':'],
    [/^\d{2}/, '04'],
    [/^:/, ':'],
    [/^\d{2}/, '05'],
    [layout === LAYOUT ? /^([.,]\d+)?/ : /^\.\d{6}/, '.000000'],
    [/^(Z|[+-]\d{2}:\d{2})/, 'Z07:00'],
  ];
  let rest = text;
  for (const [pattern, name] of parts) {
    const match = pattern.exec(rest);
    if (!match)
      return new DecodeError(`parsing time ${quote(text)} as "${layout}": cannot parse ${quote(rest)} as "${name}"`);
    rest = rest.slice(match[0].length);
  }
  const why = rest === '' ? 'day out of range' : `extra text: ${quote(rest)}`;
  return new DecodeError(`parsing time ${quote(text)}: ${why}`);
}

/** Standard base64 with padding; line ends are allowed and dropped. */
function base64(text: string): string {
  if (text.length % 4 === 0 && BASE64.test(text)) return text;
  const compact = text.replace(/[\r\n]/g, '');
  if (compact.length % 4 === 0 && BASE64.test(compact)) return compact;
  throw new DecodeError(`illegal base64 data at input byte ${firstBadByte(text)}`);
}

function firstBadByte(text: string): number {
  let digits = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '\n' || char === '\r') continue;
    if (/[A-Za-z0-9+/]/.test(char)) {
      digits++;
      continue;
    }
    if (char !== '=' || digits % 4 < 2) return at;
    const rest = text.slice(at).replace(/[\r\n]/g, '');
    const padding = 4 - (digits % 4);
    return rest.startsWith('='.repeat(padding)) ? at + padding : text.length;
  }
  return Math.max(0, text.length - (digits % 4));
}

/** Values that no schema describes keep their form; only their depth is bounded. */
function checkDepth(value: unknown, depth = 0): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > MAX_DEPTH) throw new DecodeError('exceeded max depth');
  for (const inner of Array.isArray(value) ? value : Object.values(value)) checkDepth(inner, depth + 1);
}

function anyValue(value: unknown, context: DecodeContext): unknown {
  checkDepth(value);
  return context.literals === true ? withoutLiterals(value) : value;
}

/** One decoder per scalar type. Nulls never get here. */
export const scalarDecoders: Readonly<Record<ScalarType, (schema: ScalarSchema) => Decoder>> = {
  string: (schema) => (value, context) => string(value, schema, context),
  bool: (schema) => (value, context) => {
    if (typeof value !== 'boolean') throw wrongType(value, schema, context);
    return value;
  },
  int32: (schema) => integer(schema, INTEGER_TYPE.int32),
  int64: (schema) => integer(schema, INTEGER_TYPE.int64),
  float64: (schema) => (value, context) => {
    if (value instanceof NumberLiteral) return Number(value.source);
    if (typeof value !== 'number' && typeof value !== 'bigint') throw wrongType(value, schema, context);
    return Number(value);
  },
  byte: (schema) => (value, context) => base64(string(value, schema, context)),
  time: () => (value, context) => time(string(value, PARSED_TEXT, context)),
  microTime: () => (value, context) => microTime(string(value, PARSED_TEXT, context)),
  duration: () => (value, context) => string(value, PARSED_TEXT, context),
  quantity: () => (value) => {
    const text = value instanceof NumberLiteral ? value.source : typeof value === 'bigint' ? String(value) : value;
    if (typeof text !== 'string' && typeof text !== 'number') throw new DecodeError(BAD_QUANTITY);
    try {
      return canonicalQuantity(text);
    } catch (error) {
      throw new DecodeError((error as Error).message);
    }
  },
  intOrString: () => (value, context) =>
    typeof value === 'string' ? value : int32(value, context.wraps === true ? { ...context, wraps: false } : context),
  fieldsV1: () => anyValue,
  rawExtension: () => anyValue,
  json: () => anyValue,
  any: () => anyValue,
};

const BAD_QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
