/** The body of a PATCH, understood. Upstream: handlers/patch.go, jsonPatcher and smpPatcher. */
import { copyJson } from '../../machinery/copy-json.ts';
import { exactNumber, parseJson as parseExact } from '../../machinery/exact-numbers.ts';
import { duplicateKeys, firstFault, inDeclaredOrder, strictErrors } from '../../machinery/fields/index.ts';
import { goJson } from '../../machinery/go-json.ts';
import { goText } from '../../machinery/go-value.ts';
import { jsonSyntaxMessage } from '../../machinery/json-syntax.ts';
import type { Json, JsonObject } from '../../machinery/meta.ts';
import { applyJsonPatch, applyMergePatch, applyStrategicMergePatch } from '../../machinery/patch/index.ts';
import type { FieldSchema, ObjectSchema, Schema } from '../../machinery/schema.ts';
import { badRequest } from '../../machinery/status.ts';
import type { WriteOptions } from './options.ts';

export type BodyPatchType = 'json' | 'merge' | 'strategic';

export interface BodyPatch {
  /** Faults of the patch itself: unknown members of its operations, members that come twice. */
  readonly faults: readonly string[];
  /** The patched document, which is not changed. Throws a StatusError where the patch does not apply. */
  apply(document: JsonObject): PatchedDocument;
}

export interface PatchedDocument {
  readonly json: Json;
  /** What messages show of a result that does not fit its type; `json` has the order in which its faults are looked for. */
  shown(): { text: string; json: Json | undefined };
}

/** Throws 400 for what is no patch of this type. The patch may be applied any number of times. */
export function parsePatch(
  { type, text, options }: { type: BodyPatchType; text: string; options: WriteOptions },
  schema: ObjectSchema,
): BodyPatch {
  const checked = options.fieldValidation !== 'Ignore';
  const value = parseJson(text, type, checked);
  const plain = !checked || JSON.stringify(value) === text.trim();
  if (type === 'strategic') {
    return { faults: plain ? [] : duplicateKeys(text), apply: (document) => strategic(document, value, schema) };
  }
  if (type === 'merge') {
    if (checked) refuse(firstFault(ANY_OBJECT, value));
    const faults = plain ? [] : duplicateKeys(text);
    return { faults, apply: (document) => reapplicable(document, schema, (from) => applyMergePatch(from, value)) };
  }
  if (checked) refuse(firstFault(OPERATIONS, value));
  const faults = checked ? strictErrors(OPERATIONS, text).map((line) => `json patch ${line}`) : [];
  const operations = withWrittenTests(value, text);
  return { faults, apply: (document) => reapplicable(document, schema, (from) => applyJsonPatch(from, operations)) };
}

const string: Schema = { type: 'string' };
const ANY_OBJECT: Schema = { type: 'map', values: { type: 'any' } };
const member = (name: string, schema: Schema): [string, FieldSchema] => [name, { name, schema }];
const OPERATIONS: Schema = {
  type: 'array',
  items: {
    type: 'object',
    name: 'handlers.jsonPatchOp',
    fields: new Map([
      member('op', string),
      member('path', string),
      member('from', string),
      member('value', { type: 'any' }),
    ]),
  },
};

function parseJson(text: string, type: BodyPatchType, checked: boolean): unknown {
  try {
    return parseExact(text);
  } catch {
    if (type === 'merge' && !checked) throw badRequest('Invalid JSON Patch');
    const why = jsonSyntaxMessage(text);
    throw badRequest(type === 'strategic' || !checked ? why : `error decoding patch: ${why}`);
  }
}

function refuse(fault: Error | undefined): void {
  if (fault)
    throw badRequest(
      `error decoding patch: ${fault.message.replace(/ map\[string\]any$/, ' map[string]interface {}')}`,
    );
}

function strategic(document: JsonObject, value: unknown, schema: ObjectSchema): PatchedDocument {
  const used = copyJson(value);
  const json = applyStrategicMergePatch(document, used, schema);
  return { json, shown: () => ({ text: goText(used), json: undefined }) };
}

/** Messages show the result as it comes of the document that upstream would have written. */
function reapplicable(
  document: JsonObject,
  schema: ObjectSchema,
  apply: (document: JsonObject) => Json,
): PatchedDocument {
  const shown = (): { text: string; json: Json } => {
    const json = apply(inDeclaredOrder(schema, document) as JsonObject);
    return { text: goJson(json), json };
  };
  return { json: apply(document), shown };
}

/**
 * Operations whose tests hold only for scalars that are written as the server writes them, because texts are compared:
 * `1.0` is not 1, and `<` stands escaped in every document.
 */
function withWrittenTests(value: unknown, text: string): unknown {
  if (!Array.isArray(value) || !value.some((operation) => (operation as JsonObject | null)?.op === 'test'))
    return value;
  const written = parseWithSource(text, (item, source) => (goJson(item) === source ? item : NEVER_EQUAL));
  return (value as (JsonObject | null)[]).map((operation, index) =>
    operation?.op === 'test' ? { ...operation, value: written[index]?.value ?? null } : operation,
  );
}

/** Equals no value of a document, as nothing is equal to NaN. */
const NEVER_EQUAL = Number.NaN;

const exactScalar = (item: Json, source: string): Json =>
  typeof item === 'number' ? (exactNumber(source) as Json) : item;

type Revive = (item: Json, source: string) => Json;

/** Parses a list of objects, scalars by `revive`. */
function parseWithSource(text: string, revive: Revive): (JsonObject | null)[] {
  const reviver = (_: string, item: Json, context?: { source?: string }): Json =>
    context?.source === undefined ? item : revive(exactScalar(item, context.source), context.source);
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown) as (JsonObject | null)[];
}
