/**
 * Merging of lists in strategic merge patches: items are found by their merge key, the order of the patch wins over the
 * order of the document. Upstream: apimachinery/pkg/util/strategicpatch/patch.go (mergeSlice, normalizeElementOrder).
 */
import { goText } from '../go-value.ts';
import type { Json, JsonObject } from '../meta.ts';
import { badDirective, failure, goTypeText, listOfLists, noMergeKey, wrongArgument } from './patch-failure.ts';

export interface SliceMerge {
  current: Json[];
  patch: Json[];
  /** Empty for lists of scalars. */
  mergeKey: string;
  /** What Go's reflection calls the items, for messages. */
  itemKind: string;
  /** The patch lists scalars to take out. */
  deletes: boolean;
  /** Merges one item of the patch into its counterpart. */
  merge(item: JsonObject, patch: JsonObject): JsonObject;
}

/** The merged list. */
export function mergeSlice(slice: SliceMerge): Json[] {
  const { current, patch, mergeKey } = slice;
  if (current.length === 0 && patch.length === 0) return current;
  if (!holdsMaps(current, patch)) {
    if (slice.deletes) {
      const deleted = new Set(patch);
      return current.filter((item) => !deleted.has(item));
    }
    const merged = [...new Set([...current, ...patch])];
    return orderedBy({ merged, order: patch, serverOrder: current, mergeKey, maps: false });
  }
  if (mergeKey === '') throw failure(`cannot merge lists without merge key for ${slice.itemKind}`);
  const special = applySpecialElements(current as JsonObject[], patch as JsonObject[], mergeKey);
  const merged = mergeItems(special.current, special.patch, slice);
  return orderedBy({ merged, order: special.patch, serverOrder: special.current, mergeKey, maps: true });
}

/** Whether the items are maps; all must be of the type of the first, which may be neither list nor null. */
export function holdsMaps(...lists: Json[][]): boolean {
  let kind: string | undefined;
  for (const item of lists.flat()) {
    const own = goTypeText(item);
    if (kind === undefined) {
      if (Array.isArray(item)) throw listOfLists();
      if (item === null) throw failure('list element types are not identical: null is not allowed in a merging list');
      kind = own;
    } else if (own !== kind) throw failure(`list element types are not identical: ${goText(lists)}`);
  }
  if (kind === undefined) throw failure('no elements in any of the given slices');
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
      throw badDirective(directive, item);
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

export interface Ordering {
  merged: Json[];
  order: Json[];
  serverOrder: Json[];
  mergeKey: string;
  /** The items are maps. */
  maps: boolean;
}

/**
 * The merged items in their final order: those that `order` names as it has them, the others as the document had them,
 * and between the two the document's order where it knows both.
 */
export function orderedBy({ merged, order, serverOrder, mergeKey, maps }: Ordering): Json[] {
  const nameOf = nameBy(mergeKey);
  const wanted = positions(order, mergeKey === '' ? nameOf : (item, index) => looseName(item, index, mergeKey));
  const named: Json[] = [];
  const others: Json[] = [];
  for (const item of merged) (wanted.has(nameOf(item)) ? named : others).push(item);
  if (maps) for (const list of [named, order, others, serverOrder]) list.forEach(nameBy(mergeKey, true));
  const served = positions(serverOrder, nameOf);
  const place = (item: Json): number | undefined => served.get(nameOf(item));
  stableSort(named, (item) => wanted.get(nameOf(item)));
  stableSort(others, place);
  const out: Json[] = [];
  let i = 0;
  let j = 0;
  while (i < others.length && j < named.length) {
    const left = place(others[i]!);
    const right = place(named[j]!);
    if (left !== undefined && right !== undefined && left < right) out.push(others[i++]!);
    else out.push(named[j++]!);
  }
  return [...out, ...named.slice(j), ...others.slice(i)];
}

/** Up to this many items Go's stable sort inserts one after the other. */
const INSERTION_BLOCK = 20;

/** Sorts by place. An item without a place is less than any other, and any other less than it, as upstream compares. */
function stableSort(items: Json[], place: (item: Json) => number | undefined): void {
  if (items.length > INSERTION_BLOCK) {
    items.sort((a, b) => (place(a) ?? -1) - (place(b) ?? -1));
    return;
  }
  const places = items.map(place);
  for (let i = 1; i < items.length; i++) {
    for (let j = i; j > 0; j--) {
      const [before, own] = [places[j - 1], places[j]];
      if (before !== undefined && own !== undefined && own >= before) break;
      [items[j - 1], items[j]] = [items[j]!, items[j - 1]!];
      [places[j - 1], places[j]] = [own, before];
    }
  }
}

/** Where each item stands first. */
function positions(items: Json[], nameOf: (item: Json, index: number) => Json | undefined): Map<Json, number> {
  const out = new Map<Json, number>();
  for (const [index, item] of items.entries()) {
    const name = nameOf(item, index);
    if (name !== undefined && !out.has(name)) out.set(name, index);
  }
  return out;
}

/** The name of an element of `$setElementOrder`, which may lack it as long as items are looked for. */
function looseName(item: Json, index: number, mergeKey: string): Json | undefined {
  if (!isMap(item)) throw failure(`value for key ${index} is not a map`);
  return item[mergeKey];
}

/** What identifies an item: itself, or the value of its merge key. With `keyed`, items need one even if it has no name. */
function nameBy(mergeKey: string, keyed = mergeKey !== ''): (item: Json) => Json {
  if (!keyed) return (item) => item;
  return (item) => {
    if (!isMap(item)) throw wrongArgument('map', item);
    const name = item[mergeKey];
    if (name === undefined) throw noMergeKey(item, mergeKey);
    return name;
  };
}

/** Throws unless the items of the patch, but those to be deleted, stand in `$setElementOrder` in the same order. */
export function validateOrder(patch: Json[], order: Json[], mergeKey: string): void {
  if (order.length === 0 || patch.length === 0) return;
  const nameOf = nameBy(mergeKey);
  const items = mergeKey === '' ? patch : patch.filter(isToBeKept);
  let next = 0;
  let at = 0;
  while (next < items.length && at < order.length) {
    const item = items[next]!;
    if (isMap(item) && Object.hasOwn(item, '$patch')) next++;
    else if (nameOf(item) === nameOf(order[at++]!)) next++;
  }
  if (next >= items.length) return;
  throw failure(
    `The order in patch list:\n${goText(patch)}\n doesn't match $setElementOrder list:\n${goText(order)}\n`,
  );
}

function isToBeKept(item: Json): boolean {
  if (!isMap(item)) throw wrongArgument('map', item);
  return item.$patch !== 'delete';
}

function isMap(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
