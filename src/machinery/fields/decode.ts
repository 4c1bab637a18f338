import { hasUnusualNumbers, parseJson, parseLiterals } from '../exact-numbers.ts';
import type { KubeObject } from '../meta.ts';
import type { ObjectSchema } from '../schema.ts';
import { decoderOf } from './compile.ts';
import { type DecodeContext, DecodeError } from './decode-context.ts';
import { firstFault } from './first-fault.ts';
import { duplicateKeys, strictErrors } from './strict.ts';

export interface Decoded<T> {
  /** The object with its fields in declaration order, without unknown fields, nulls and empty values Go would omit. */
  object: T;
  /** Unknown fields were dropped; `strictErrors` over the text names them. */
  unknown: boolean;
  /** Their paths, where the decoding tells them. */
  unknownPaths?: readonly string[];
}

/**
 * Brings parsed JSON into the normal form of its type. Upstream: a decode into the Go type and an encode from it.
 * Takes over `json`: parts of it are changed and used in the result. Throws a DecodeError where a value has the wrong
 * JSON type or does not parse (quantity, time, base64), with the text of Go's decoder.
 *
 * `wraps`: integers that are too large are cut off in place of refused. `literals`: it is of `parseLiterals`.
 *
 *     const { object } = decodeObject<Pod>(pods.schema, { metadata: { name: 'a' } });
 */
export function decodeObject<T extends object = KubeObject>(
  schema: ObjectSchema,
  json: unknown,
  { wraps = false, literals = false }: { wraps?: boolean; literals?: boolean } = {},
): Decoded<T> {
  if (schema.decode !== undefined) {
    const { object, unknown } = schema.decode(json ?? {}, wraps);
    return { object: object as T, unknown: unknown.length > 0, unknownPaths: unknown };
  }
  const context: DecodeContext = { path: [], depth: 0, struct: '', unknown: false, wraps, literals };
  const object = decoderOf(schema)(json ?? {}, context) as T;
  return { object, unknown: context.unknown };
}

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

/**
 * `decodeObject` for the JSON text of a request body. `fieldErrors` are the unknown and duplicate fields, in document
 * order: what `Strict` refuses and `Warn` warns of; always empty for `Ignore`. Throws a SyntaxError where the text is
 * no JSON, a DecodeError as `decodeObject`.
 */
export function decodeBody<T extends object = KubeObject>(
  schema: ObjectSchema,
  text: string,
  validation: FieldValidation,
): Decoded<T> & { fieldErrors: string[] } {
  const literals = schema.decode === undefined && hasUnusualNumbers(text);
  const json = parseSent({ text, literals });
  // A text that prints to itself has no duplicate field, which spares the scan of most bodies that programs send.
  const plain = validation === 'Ignore' || JSON.stringify(json) === text.trim();
  const decoded = decodeInOrder<T>(schema, json, { text, literals });
  const scan = validation !== 'Ignore' && (decoded.unknown || !plain);
  return { ...decoded, fieldErrors: scan ? fieldErrorsOf(schema, text, decoded) : [] };
}

/** As `decodeObject`; of several faults the one that Go tells, which takes the document as it was sent. */
function decodeInOrder<T extends object>(schema: ObjectSchema, json: unknown, sent: SentText): Decoded<T> {
  try {
    return decodeObject<T>(schema, json, sent);
  } catch (error) {
    throw (error instanceof DecodeError && firstFault(schema, parseSent(sent), sent)) || error;
  }
}

interface SentText {
  text: string;
  literals: boolean;
}

const parseSent = ({ text, literals }: SentText): unknown => (literals ? parseLiterals(text) : parseJson(text));

/** Unknown and duplicate fields of a decoded text, as `strictErrors`; of custom resources, duplicates come first. */
export function fieldErrorsOf(schema: ObjectSchema, text: string, decoded: Decoded<object>): string[] {
  if (decoded.unknownPaths === undefined) return strictErrors(schema, text);
  return [...duplicateKeys(text), ...decoded.unknownPaths.map((path) => `unknown field ${JSON.stringify(path)}`)];
}
