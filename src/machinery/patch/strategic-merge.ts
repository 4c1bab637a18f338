/**
 * Strategic merge patch: merge patch that knows which lists merge and by which key, and takes directives.
 * Upstream: apimachinery/pkg/util/strategicpatch/patch.go.
 */
import type { Json, JsonObject } from '../meta.ts';
import { setMember } from '../own-member.ts';
import type { ObjectSchema } from '../schema.ts';
import { badRequest } from '../status.ts';
import { holdsMaps, mergeSlice, orderedBy, type SliceMerge, validateOrder } from './merge-slice.ts';
import { badDirective, badFormat, goTypeText, wrongArgument } from './patch-failure.ts';
import { type FieldMeta, fieldMeta, goKind, listMeta, type PatchType } from './patch-meta.ts';

const DIRECTIVE = '$patch';
const RETAIN_KEYS = '$retainKeys';
const DELETE_FROM_LIST = '$deleteFromPrimitiveList';
const SET_ELEMENT_ORDER = '$setElementOrder';

/**
 * `document` changed as `patch`, the parsed body of the request, says. The document is not changed; the patch is used
 * up: directives that were carried out are taken out of it, which is how messages show it. Throws a StatusError: 400 for
 * directives of the wrong form, 422 for lists of lists, 500 (as upstream) for patches that do not fit the document.
 */
export function applyStrategicMergePatch(document: JsonObject, patch: unknown, schema: ObjectSchema): JsonObject {
  if (patch !== null && (typeof patch !== 'object' || Array.isArray(patch))) {
    const kind = Array.isArray(patch) ? 'array' : typeof patch === 'boolean' ? 'bool' : typeof patch;
    throw badRequest(`json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`);
  }
  return mergeObjects(document, (patch ?? {}) as JsonObject, { schema, pointer: false });
}

function mergeObjects(document: JsonObject, patch: JsonObject, type: PatchType): JsonObject {
  if (Object.hasOwn(patch, DIRECTIVE)) return applyDirective(patch);
  const out = retained(document, patch);
  for (const key of Object.keys(patch)) if (key.startsWith(SET_ELEMENT_ORDER)) mergeOrdered({ out, patch, key, type });
  for (const key of Object.keys(patch)) mergeMember({ out, patch, key, type });
  return out;
}

/** `$patch` in a map: the rest of the map instead of the document's, or nothing. */
function applyDirective(patch: JsonObject): JsonObject {
  const directive = patch[DIRECTIVE];
  if (directive === 'delete') return {};
  if (directive !== 'replace') throw badDirective(directive, patch);
  delete patch[DIRECTIVE];
  return patch;
}

/** The document with only the members that `$retainKeys` lists, when the patch has that. */
function retained(document: JsonObject, patch: JsonObject): JsonObject {
  const keys = patch[RETAIN_KEYS];
  if (keys === undefined) return { ...document };
  delete patch[RETAIN_KEYS];
  if (!Array.isArray(keys)) throw badFormat('retainKeys');
  const kept = new Set(keys);
  for (const key of Object.keys(patch)) {
    if (patch[key] === null || key.startsWith(DELETE_FROM_LIST) || key.startsWith(SET_ELEMENT_ORDER)) continue;
    if (!kept.has(key)) throw badFormat('retainKeys');
  }
  return Object.fromEntries(Object.entries(document).filter(([key]) => kept.has(key)));
}

interface Step {
  out: JsonObject;
  patch: JsonObject;
  key: string;
  type: PatchType;
}

/** `$setElementOrder/x`, together with the list `x` of the patch; both are taken out of the patch. */
function mergeOrdered({ out, patch, key, type }: Step): void {
  const order = patch[key];
  delete patch[key];
  if (!Array.isArray(order)) throw wrongArgument('list', order);
  const name = nameAfter(key, SET_ELEMENT_ORDER, 'setElementOrder list');
  const current = listAt(out, name);
  const items = listAt(patch, name);
  const meta = listMeta(type, name);
  const { mergeKey } = meta;
  validateOrder(items ?? [], order, mergeKey);
  if (current === undefined && items === undefined) return;
  let merged: Json[];
  if (items === undefined) merged = current!;
  else if (current === undefined) merged = withoutDirectives(items) as Json[];
  else merged = mergeLists({ current, patch: items, meta, deletes: false });
  const maps = holdsMaps(current ?? [], items ?? []);
  const ordered = orderedBy({ merged, order, serverOrder: current ?? [], mergeKey, maps });
  setMember(out, name, ordered);
  delete patch[name];
}

function listAt(object: JsonObject, name: string): Json[] | undefined {
  if (!Object.hasOwn(object, name)) return undefined;
  const value = object[name];
  if (!Array.isArray(value)) throw wrongArgument('list', value);
  return value;
}

/** Lists to delete from are handled alike whatever the strategy of the field is. */
function mergeLists(lists: { current: Json[]; patch: Json[]; meta: FieldMeta; deletes: boolean }): Json[] {
  const { current, patch, meta, deletes } = lists;
  const { mergeKey, type } = meta;
  if (meta.strategy !== 'merge' && !deletes) return patch;
  const merge: SliceMerge['merge'] = (item, change) => mergeObjects(item, change, type);
  return mergeSlice({ current, patch, mergeKey, itemKind: goKind(type.schema), deletes, merge });
}

function nameAfter(key: string, prefix: string, what: string): string {
  const slash = key.indexOf('/');
  if (slash < 0 || key.slice(0, slash) !== prefix) throw badFormat(what);
  return key.slice(slash + 1);
}

function mergeMember({ out, patch, key, type }: Step): void {
  const value = patch[key]!;
  const deletes = key.startsWith(DELETE_FROM_LIST);
  const name = deletes ? nameAfter(key, DELETE_FROM_LIST, 'primitive list') : key;
  const current = Object.hasOwn(out, name) ? out[name]! : undefined;
  if (value === null) {
    delete out[name];
  } else if (current === undefined || goTypeText(current) !== goTypeText(value)) {
    if (!deletes) take(out, name, value);
  } else if (isObject(current) && isObject(value)) {
    const meta = fieldMeta(type, name);
    setMember(out, name, meta.strategy === 'replace' ? value : mergeObjects(current, value, meta.type));
  } else if (Array.isArray(current) && Array.isArray(value)) {
    setMember(out, name, mergeLists({ current, patch: value, meta: listMeta(type, name), deletes }));
  } else {
    setMember(out, name, value);
  }
}

/** Sets what nothing in the document can be merged with: without nulls and directives. */
function take(out: JsonObject, name: string, value: Json): void {
  discardNulls(value);
  const taken = withoutDirectives(value);
  if (taken === undefined) delete out[name];
  else setMember(out, name, taken);
}

/** Deletes members that are null, at any depth; items of lists stay. */
function discardNulls(value: Json): void {
  if (Array.isArray(value)) value.forEach(discardNulls);
  else if (isObject(value)) {
    for (const key of Object.keys(value)) {
      if (value[key] === null) delete value[key];
      else discardNulls(value[key]!);
    }
  }
}

/** The value without the maps that are directives, which maps lose in place; undefined when it is one itself. */
function withoutDirectives(value: Json): Json | undefined {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item): item is Json => item !== undefined);
  if (!isObject(value)) return value;
  if (Object.hasOwn(value, DIRECTIVE)) return undefined;
  for (const key of Object.keys(value)) {
    const kept = withoutDirectives(value[key]!);
    if (kept === undefined) delete value[key];
    else if (kept !== value[key]) setMember(value, key, kept);
  }
  return value;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
