/**
 * Which fields differ between two versions of an object. Structs are compared as upstream's typed values: fields that
 * are always written count as present with their zero value. Upstream: structured-merge-diff/typed/compare.go.
 */
import { sentEmpty } from '../explicit-empty.ts';
import { memberOf } from '../own-member.ts';
import { deepEqual } from './deep-equal.ts';
import { type FieldSet, LEAF, type MutableFieldSet, sorted } from './field-set.ts';
import { isMap, type JsonMap, type TypedNode } from './typed-node.ts';

/** `changed`: added or modified. Both are nodes or roots; undefined means none. */
export interface Comparison {
  changed?: FieldSet;
  removed?: FieldSet;
}

const EMPTY_MAP: JsonMap = Object.freeze({});
const EMPTY_LIST: readonly unknown[] = Object.freeze([]);

/** Compares two objects of one type; undefined when they are equal. Throws an UnnamedItemError. */
export function compareTyped(type: TypedNode, before: unknown, after: unknown): Comparison | undefined {
  if (before === after) return undefined;
  const form = type.form === 'deduced' ? deducedForm(before, after) : type.form;
  switch (form) {
    case 'leaf':
      return deepEqual(before, after) ? undefined : { changed: LEAF };
    case 'list':
      return compareLists(type, before, after);
    case 'mixed':
      return compareMixed(type, before, after);
    default:
      return compareMaps(type, before, after);
  }
}

/** Everything that comes with a value which was absent before: itself and all below it. */
export function wholeSet(type: TypedNode, value: unknown): FieldSet {
  const form = type.form;
  if (form === 'leaf') return LEAF;
  if (form === 'list') return Array.isArray(value) && value.length > 0 ? wholeList(type, value) : LEAF;
  return isMap(value) ? wholeMap(type, value) : LEAF;
}

function wholeMap(type: TypedNode, value: JsonMap): FieldSet {
  const names = presentNames(type, value);
  if (names.length === 0) return LEAF;
  const out: MutableFieldSet = { '.': LEAF };
  for (const name of names) {
    const child = type.child(name);
    if (child !== undefined)
      out[`f:${name}`] = child.form === 'leaf' ? LEAF : wholeSet(child, valueAt(type, value, name));
  }
  return out;
}

function wholeList(type: TypedNode, items: readonly unknown[]): FieldSet {
  const out: MutableFieldSet = { '.': LEAF };
  const elementType = type.element;
  for (const item of items) {
    const element = type.itemElement(item);
    out[element] = out[element] === undefined ? wholeSet(elementType, item) : LEAF;
  }
  return items.length > 1 ? sorted(out) : out;
}

/** Names that are present, in order; always-written fields count although they are missing. */
function presentNames(type: TypedNode, value: JsonMap): string[] {
  const names: string[] = [];
  for (const name in value) if (value[name] !== undefined) names.push(name);
  for (const field of type.always) if (value[field.name] === undefined) names.push(field.name);
  return names.length > 1 ? names.sort() : names;
}

function valueAt(type: TypedNode, value: JsonMap, name: string): unknown {
  const present = memberOf(value, name);
  if (present !== undefined) return present;
  for (const field of type.always) if (field.name === name) return field.zero;
  return undefined;
}

function compareMaps(type: TypedNode, before: unknown, after: unknown): Comparison | undefined {
  const old = isMap(before) ? before : EMPTY_MAP;
  const now = isMap(after) ? after : EMPTY_MAP;
  const changes = new Changes();
  let any = false;
  for (const name in now) {
    let value = now[name];
    if (value === undefined) continue;
    if (value === null) value = sentEmpty(now, name);
    any = true;
    const was = memberOf(old, name);
    if (value === was) continue;
    const child = type.child(name);
    if (child === undefined) continue;
    const previous = was === undefined ? valueAt(type, old, name) : was;
    if (previous === undefined || (before === null && was === undefined)) {
      changes.add(`f:${name}`, { changed: wholeSet(child, value) });
    } else changes.add(`f:${name}`, compareTyped(child, previous, value));
  }
  for (const name in old) {
    if (old[name] === undefined) continue;
    any = true;
    if (memberOf(now, name) !== undefined) continue;
    const child = type.child(name);
    if (child === undefined) continue;
    const value = after === null ? undefined : valueAt(type, now, name);
    if (value === undefined) changes.add(`f:${name}`, { removed: wholeSet(child, old[name]) });
    else changes.add(`f:${name}`, compareTyped(child, old[name], value));
  }
  if (!any && (before === null) !== (after === null)) return { changed: LEAF };
  return changes.result();
}

function compareLists(type: TypedNode, before: unknown, after: unknown): Comparison | undefined {
  const old = Array.isArray(before) ? before : EMPTY_LIST;
  const now = Array.isArray(after) ? after : EMPTY_LIST;
  if (old.length === 0 && now.length === 0) return deepEqual(before, after) ? undefined : { changed: LEAF };
  if (isPaired(type, old, now)) return comparePairs(type, old, now);
  const oldItems = indexItems(type, old);
  const nowItems = indexItems(type, now);
  const changes = new Changes();
  const elementType = type.element;
  for (const [element, items] of nowItems) {
    const previous = oldItems.get(element);
    changes.add(element, compareItems(elementType, previous ?? EMPTY_LIST, items));
  }
  for (const [element, items] of oldItems) {
    if (!nowItems.has(element)) changes.add(element, compareItems(elementType, items, EMPTY_LIST));
  }
  return changes.result();
}

/** Lists that are longer are indexed, or finding names that come twice would take longer than that. */
const MAX_PAIRED = 8;

/** Whether both lists name the same items in the same order and none twice, as nearly all do that an update carries. */
function isPaired(type: TypedNode, old: readonly unknown[], now: readonly unknown[]): boolean {
  if (old.length !== now.length || now.length > MAX_PAIRED) return false;
  for (let i = 0; i < now.length; i++) {
    if (!type.sameName(old[i], now[i])) return false;
    for (let j = 0; j < i; j++) if (type.sameName(now[j], now[i])) return false;
  }
  return true;
}

function comparePairs(type: TypedNode, old: readonly unknown[], now: readonly unknown[]): Comparison | undefined {
  const changes = new Changes();
  for (let i = 0; i < now.length; i++) {
    const comparison = compareTyped(type.element, old[i], now[i]);
    if (comparison !== undefined) changes.add(type.itemElement(now[i]), comparison);
  }
  return changes.result();
}

function indexItems(type: TypedNode, list: readonly unknown[]): Map<string, readonly unknown[]> {
  const out = new Map<string, unknown[]>();
  for (const item of list) {
    const element = type.itemElement(item);
    const known = out.get(element);
    if (known === undefined) out.set(element, [item]);
    else known.push(item);
  }
  return out;
}

/** Items under one key; several of them are compared as one leaf. */
function compareItems(type: TypedNode, old: readonly unknown[], now: readonly unknown[]): Comparison | undefined {
  if (old.length <= 1 && now.length <= 1) {
    if (old.length === 0) return { changed: wholeSet(type, now[0]) };
    if (now.length === 0) return { removed: wholeSet(type, old[0]) };
    return compareTyped(type, old[0], now[0]);
  }
  if (old.length >= 2 && now.length >= 2) return deepEqual(old, now) ? undefined : { changed: LEAF };
  if (old.length >= 2) return { ...(now.length === 0 ? {} : { changed: wholeSet(type, now[0]) }), removed: LEAF };
  return { changed: LEAF, ...(old.length === 0 ? {} : { removed: wholeSet(type, old[0]) }) };
}

function deducedForm(before: unknown, after: unknown): 'leaf' | 'map' | 'mixed' {
  const old = before === null || isMap(before);
  const now = after === null || isMap(after);
  if (before === null && after === null) return 'leaf';
  if (old && now) return 'map';
  return (old && before !== null) || (now && after !== null) ? 'mixed' : 'leaf';
}

/** A map that became a leaf or the other way round: the field is modified and what was below it comes or goes. */
function compareMixed(type: TypedNode, before: unknown, after: unknown): Comparison {
  if (isMap(after)) return { changed: wholeSet(type, after) };
  const { '.': _, ...below } = wholeSet(type, before);
  return Object.keys(below).length === 0 ? { changed: LEAF } : { changed: LEAF, removed: below };
}

/** Collects the differences of children into nodes that are no members themselves. */
class Changes {
  #changed: MutableFieldSet | undefined;
  #removed: MutableFieldSet | undefined;
  #changedCount = 0;
  #removedCount = 0;

  add(element: string, comparison: Comparison | undefined): void {
    if (comparison === undefined) return;
    if (comparison.changed !== undefined) {
      this.#changed ??= {};
      this.#changed[element] = comparison.changed;
      this.#changedCount++;
    }
    if (comparison.removed !== undefined) {
      this.#removed ??= {};
      this.#removed[element] = comparison.removed;
      this.#removedCount++;
    }
  }

  result(): Comparison | undefined {
    if (this.#changed === undefined && this.#removed === undefined) return undefined;
    const out: Comparison = {};
    if (this.#changed) out.changed = this.#changedCount > 1 ? sorted(this.#changed) : this.#changed;
    if (this.#removed) out.removed = this.#removedCount > 1 ? sorted(this.#removed) : this.#removed;
    return out;
  }
}
