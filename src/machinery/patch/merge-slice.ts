/**
 * Merging of lists in strategic merge patches: items are found by their merge key, the order of the patch wins over the
 * order of the document. Upstream: apimachinery/pkg/util/strategicpatch/patch.go (mergeSlice, normalizeElementOrder).
 */
import { goText } from '../go-value.ts';
import type { Json, JsonObject } from '../meta.ts';
import { failure, goTypeText, listOfLists, noMergeKey } from './patch-failure.ts';

export interface SliceMerge {
  current: Json[];
  patch: Json[];
  /** Empty for lists of scalars. */
  mergeKey: string;
  /** The type of the items, for messages. */
  typeName: string;
  /** Merges one item of the patch into its counterpart. */
  merge(item: JsonObject, patch: JsonObject): JsonObject;
}

/** The merged list. */
export function mergeSlice(slice: SliceMerge): Json[] {
  const { current, patch, mergeKey } = slice;
  if (current.length === 0 && patch.length === 0) return current;
  if (!holdsMaps(current, patch)) {
    const merged = [...new Set([...current, ...patch])];
    return orderedBy({ merged, order: patch, serverOrder: current, mergeKey: '' });
  }
  if (mergeKey === '') throw failure(`cannot merge lists without merge key for ${slice.typeName}`);
  const special = applySpecialElements(current as JsonObject[], patch as JsonObject[], mergeKey);
  const merged = mergeItems(special.current, special.patch, slice);
  return orderedBy({ merged, order: special.patch, serverOrder: special.current, mergeKey });
}

/** Whether the items are maps; all must be of the type of the first, which is neither list nor null. */
function holdsMaps(...lists: Json[][]): boolean {
  let kind: string | undefined;
  for (const item of lists.flat()) {
    const own = goTypeText(item);
    if (kind !== undefined && own !== kind) throw failure(`list element types are not identical: ${goText(lists)}`);
    if (Array.isArray(item)) throw listOfLists();
    if (item === null) throw failure('list element types are not identical: null is not allowed in a merging list');
    kind = own;
  }
  return kind === 'map[string]interface {}';
}

interface Lists {
  current: JsonObject[];
  patch: JsonObject[];
}

/** Carries out `$patch: delete` and `$patch: replace` in a list, and takes them out of the patch. */
function applySpecialElements(current: JsonObject[], patch: JsonObject[], mergeKey: string): Lists {
  const deleted = new Set<Json>();
  let replace = false;
  const ordinary: JsonObject[] = [];
  for (const item of patch) {
    const directive = item.$patch;
    if (directive === undefined) {
      ordinary.push(item);
    } else if (directive === 'delete') {
      const key = item[mergeKey];
      if (key === undefined) throw noMergeKey(item, mergeKey);
      deleted.add(key);
    } else if (directive === 'replace') {
      replace = true;
    } else if (directive === 'merge') {
      throw failure('merging lists cannot yet be specified in the patch');
    } else {
      throw failure(`unknown patch type: ${goText(directive)} in map: ${goText(item)}`);
    }
  }
  if (replace) return { current: ordinary, patch: [] };
  const kept = deleted.size === 0 ? current : current.filter((item) => !deleted.has(item[mergeKey]!));
  return { current: kept, patch: ordinary };
}

function mergeItems(current: JsonObject[], patch: JsonObject[], slice: SliceMerge): JsonObject[] {
  const { mergeKey, merge } = slice;
  const out = [...current];
  const places = new Map<Json | undefined, number>();
  for (const [index, item] of out.entries()) if (!places.has(item[mergeKey])) places.set(item[mergeKey], index);
  for (const item of patch) {
    const key = item[mergeKey];
    if (key === undefined) throw noMergeKey(item, mergeKey);
    const index = places.get(key);
    if (index !== undefined) out[index] = merge(out[index]!, item);
    else places.set(key, out.push(item) - 1);
  }
  return out;
}

/**
 * The merged items in their final order: those that `order` names as it has them, the others as the document had them,
 * and between the two the document's order where it knows both.
 */
export function orderedBy(list: { merged: Json[]; order: Json[]; serverOrder: Json[]; mergeKey: string }): Json[] {
  const { merged, order, mergeKey } = list;
  const wanted = positions(order, mergeKey);
  const served = positions(list.serverOrder, mergeKey);
  const named: Json[] = [];
  const others: Json[] = [];
  for (const item of merged) (wanted.has(nameOf(item, mergeKey)) ? named : others).push(item);
  sortBy(named, wanted, mergeKey);
  sortBy(others, served, mergeKey);
  const out: Json[] = [];
  let i = 0;
  let j = 0;
  while (i < others.length && j < named.length) {
    const left = served.get(nameOf(others[i]!, mergeKey));
    const right = served.get(nameOf(named[j]!, mergeKey));
    if (left !== undefined && right !== undefined && left < right) out.push(others[i++]!);
    else out.push(named[j++]!);
  }
  return [...out, ...named.slice(j), ...others.slice(i)];
}

function sortBy(items: Json[], order: ReadonlyMap<Json, number>, mergeKey: string): void {
  const at = (item: Json): number => order.get(nameOf(item, mergeKey)) ?? Number.MAX_SAFE_INTEGER;
  items.sort((a, b) => at(a) - at(b));
}

/** Where each item stands first. Directives do not count. */
function positions(items: Json[], mergeKey: string): Map<Json, number> {
  const out = new Map<Json, number>();
  for (const [index, item] of items.entries()) {
    if (mergeKey !== '' && isMap(item) && item.$patch !== undefined) continue;
    const name = mergeKey !== '' && isMap(item) ? item[mergeKey] : item;
    if (name !== undefined && !out.has(name)) out.set(name, index);
  }
  return out;
}

/** What identifies an item. */
function nameOf(item: Json, mergeKey: string): Json {
  if (mergeKey === '') return item;
  if (!isMap(item)) throw failure(`expected a map[string]interface {}, but received a ${goText(item)}`);
  const name = item[mergeKey];
  if (name === undefined) throw noMergeKey(item, mergeKey);
  return name;
}

/** Throws unless the items of the patch, but those to be deleted, stand in `$setElementOrder` in the same order. */
export function validateOrder(patch: Json[], order: Json[], mergeKey: string): void {
  if (order.length === 0 || patch.length === 0) return;
  const items = mergeKey === '' ? patch : patch.filter((item) => !(isMap(item) && item.$patch === 'delete'));
  let next = 0;
  for (const element of order) {
    if (next >= items.length) return;
    if (nameOf(items[next]!, mergeKey) === nameOf(element, mergeKey)) next++;
  }
  if (next < items.length) {
    throw failure(
      `The order in patch list:\n${goText(patch)}\n doesn't match $setElementOrder list:\n${goText(order)}\n`,
    );
  }
}

function isMap(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
