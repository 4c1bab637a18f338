/**
 * Strategic merge patch: merge patch that knows which lists merge and by which key, and takes directives.
 * Upstream: apimachinery/pkg/util/strategicpatch/patch.go.
 */
import { goText } from '../go-value.ts';
import type { Json, JsonObject } from '../meta.ts';
import type { ObjectSchema } from '../schema.ts';
import { badRequest } from '../status.ts';
import { mergeSlice, orderedBy, type SliceMerge, validateOrder } from './merge-slice.ts';
import { badFormat, failure, goTypeText } from './patch-failure.ts';
import { fieldMeta, type PatchType, typeOf } from './patch-meta.ts';

const DIRECTIVE = '$patch';
const RETAIN_KEYS = '$retainKeys';
const DELETE_FROM_LIST = '$deleteFromPrimitiveList';
const SET_ELEMENT_ORDER = '$setElementOrder';

/**
 * `document` changed as `patch`, the parsed body of the request, says. Neither is changed. Throws a StatusError: 400
 * for directives of the wrong form, 422 for lists of lists, 500 (as upstream) for patches that do not fit the document.
 */
export function applyStrategicMergePatch(document: JsonObject, patch: unknown, schema: ObjectSchema): JsonObject {
  if (patch !== null && (typeof patch !== 'object' || Array.isArray(patch))) {
    const kind = Array.isArray(patch) ? 'array' : typeof patch === 'boolean' ? 'bool' : typeof patch;
    throw badRequest(`json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`);
  }
  return mergeObjects(document, (patch ?? {}) as JsonObject, typeOf(schema));
}

function mergeObjects(document: JsonObject, patch: JsonObject, type: PatchType): JsonObject {
  if (Object.hasOwn(patch, DIRECTIVE)) return applyDirective(patch);
  const out = retained(document, patch);
  const left: JsonObject = { ...patch };
  delete left[RETAIN_KEYS];
  for (const key of Object.keys(patch)) {
    if (key.startsWith(SET_ELEMENT_ORDER)) mergeOrdered({ out, left, key, type });
  }
  for (const key of Object.keys(left)) mergeMember({ out, key, value: left[key]!, type });
  return out;
}

/** `$patch` in a map: the rest of the map instead of the document's, or nothing. */
function applyDirective(patch: JsonObject): JsonObject {
  const { [DIRECTIVE]: directive, ...rest } = patch;
  if (directive === 'replace') return rest;
  if (directive === 'delete') return {};
  throw failure(`unknown patch type: ${goText(directive)} in map: ${goText(patch)}`);
}

/** The document with only the members that `$retainKeys` lists, when the patch has that. */
function retained(document: JsonObject, patch: JsonObject): JsonObject {
  const keys = patch[RETAIN_KEYS];
  if (keys === undefined) return { ...document };
  if (!Array.isArray(keys)) throw badFormat('retainKeys');
  const kept = new Set(keys);
  for (const key of Object.keys(patch)) {
    if (key === RETAIN_KEYS || patch[key] === null) continue;
    if (key.startsWith(DELETE_FROM_LIST) || key.startsWith(SET_ELEMENT_ORDER)) continue;
    if (!kept.has(key)) throw badFormat('retainKeys');
  }
  return Object.fromEntries(Object.entries(document).filter(([key]) => kept.has(key)));
}

/** `$setElementOrder/x`, together with the list `x` of the patch, which is taken out of `left`. */
function mergeOrdered(step: { out: JsonObject; left: JsonObject; key: string; type: PatchType }): void {
  const { out, left, key, type } = step;
  const order = left[key];
  delete left[key];
  if (!Array.isArray(order)) throw failure(`expected a []interface {}, but received a ${goTypeText(order)}`);
  const name = nameAfter(key, SET_ELEMENT_ORDER, 'setElementOrder list');
  const current = listAt(out, name);
  const patch = listAt(left, name);
  const meta = fieldMeta(type, name);
  validateOrder(patch ?? [], order, meta.mergeKey);
  if (current === undefined && patch === undefined) return;
  let merged: Json[];
  if (patch === undefined) merged = current!;
  else if (current === undefined) merged = withoutDirectives(patch) as Json[];
  else merged = meta.strategy === 'merge' ? mergeSlice(sliceOf(current, patch, meta)) : patch;
  out[name] = orderedBy({ merged, order, serverOrder: current ?? [], mergeKey: meta.mergeKey });
  delete left[name];
}

function listAt(object: JsonObject, name: string): Json[] | undefined {
  if (!Object.hasOwn(object, name)) return undefined;
  const value = object[name];
  if (!Array.isArray(value)) throw failure(`expected a []interface {}, but received a ${goTypeText(value)}`);
  return value;
}

function sliceOf(current: Json[], patch: Json[], meta: ReturnType<typeof fieldMeta>): SliceMerge {
  return {
    current,
    patch,
    mergeKey: meta.mergeKey,
    typeName: meta.element.name,
    merge: (a, b) => mergeObjects(a, b, meta.element),
  };
}

function nameAfter(key: string, prefix: string, what: string): string {
  const slash = key.indexOf('/');
  if (slash < 0 || key.slice(0, slash) !== prefix) throw badFormat(what);
  return key.slice(slash + 1);
}

function mergeMember(step: { out: JsonObject; key: string; value: Json; type: PatchType }): void {
  const { out, value, type } = step;
  const isDeleteList = step.key.startsWith(DELETE_FROM_LIST);
  const key = isDeleteList ? nameAfter(step.key, DELETE_FROM_LIST, 'primitive list') : step.key;
  if (value === null) {
    delete out[key];
    return;
  }
  const current = Object.hasOwn(out, key) ? out[key]! : undefined;
  if (isDeleteList) {
    if (Array.isArray(current) && Array.isArray(value)) {
      const deleted = new Set(value);
      out[key] = current.filter((item) => !deleted.has(item));
    }
    return;
  }
  const meta = fieldMeta(type, key);
  if (isObject(current) && isObject(value)) {
    out[key] = meta.strategy === 'replace' ? value : mergeObjects(current, value, meta.member);
  } else if (Array.isArray(current) && Array.isArray(value)) {
    out[key] = meta.strategy === 'merge' ? mergeSlice(sliceOf(current, value, meta)) : value;
  } else {
    const taken = withoutDirectives(withoutNulls(value));
    if (taken === undefined) delete out[key];
    else out[key] = taken;
  }
}

function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([key, member]) => [key, withoutNulls(member)]));
}

/** The value without the maps that are directives; undefined when it is one itself. */
function withoutDirectives(value: Json): Json | undefined {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item): item is Json => item !== undefined);
  if (!isObject(value)) return value;
  if (Object.hasOwn(value, DIRECTIVE)) return undefined;
  const out: JsonObject = {};
  for (const [key, member] of Object.entries(value)) {
    const kept = withoutDirectives(member);
    if (kept !== undefined) out[key] = kept;
  }
  return out;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
