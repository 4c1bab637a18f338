/** Which of several faults of a document Go's decoder tells. Upstream: encoding/json decodeState. */
import type { ObjectSchema, Schema } from '../schema.ts';
import { decoderOf } from './compile.ts';
import { type DecodeContext, DecodeError, goName, jsonTypeOf } from './decode-context.ts';

/**
 * The fault that Go reports of a JSON document, or undefined where it has none. Values of the wrong type are passed over
 * until the end, and then the first in the order of the document is told; a value that its own type fails to parse (a
 * time, a quantity) ends the decoding at once. `literals`: the document is of `parseLiterals`.
 */
export function firstFault(
  schema: Schema,
  document: unknown,
  { literals = false }: { literals?: boolean } = {},
): DecodeError | undefined {
  const search: Search = { context: { path: [], depth: 0, struct: '', unknown: false, literals }, first: undefined };
  try {
    visit(schema, document, search);
  } catch (error) {
    if (error instanceof DecodeError) return error;
    throw error;
  }
  return search.first;
}

interface Search {
  context: DecodeContext;
  first: DecodeError | undefined;
}

function visit(schema: Schema, value: unknown, search: Search): void {
  if (value === null || value === undefined) return;
  const type = jsonTypeOf(value);
  if (schema.type === 'object' && type === 'object') {
    if (schema.decode === undefined) visitFields(schema, value as Record<string, unknown>, search);
  } else if (schema.type === 'array' && type === 'array') {
    for (const item of value as unknown[]) visit(schema.items, item, search);
  } else if (schema.type === 'map' && type === 'object') {
    for (const item of Object.values(value)) visit(schema.values, item, search);
  } else if (schema.type === 'any' && schema.oneOf !== undefined) {
    const form = schema.oneOf.find((candidate) => candidate.type === type);
    if (form !== undefined) visit(form, value, search);
    else decodeLeaf(schema, value, search);
  } else decodeLeaf(schema, value, search);
}

function visitFields(schema: ObjectSchema, object: Record<string, unknown>, search: Search): void {
  const { context } = search;
  const { struct, depth } = context;
  const own = goName(schema.name).replace(/^.*\./, '');
  for (const [name, value] of Object.entries(object)) {
    const field = schema.fields.get(name);
    if (field === undefined) continue;
    context.struct = own;
    for (const { type } of field.wirePath ?? []) context.path[context.depth++] = goName(type).replace(/^.*\./, '');
    context.path[context.depth++] = name;
    visit(field.schema, value, search);
    context.depth = depth;
  }
  context.struct = struct;
}

/** Decodes a value that has the wrong type or no parts. */
function decodeLeaf(schema: Schema, value: unknown, search: Search): void {
  try {
    decoderOf(schema)(value, search.context);
  } catch (error) {
    if (!(error instanceof DecodeError) || !isPassedOver(error)) throw error;
    search.first ??= error;
  }
}

const isPassedOver = (error: DecodeError): boolean =>
  error.mismatch !== undefined || error.message.startsWith('illegal base64');
