/**
 * Sets of field paths, kept as the very tree that `fieldsV1` writes: a member is a node without children or with the
 * marker `.`, every other node is only a step on the way to members below it. The root is never a member; as root, `{}`
 * is the empty set. Nodes are shared between sets and never changed after they are built; keys stand in upstream's order.
 * Upstream: structured-merge-diff/fieldpath.
 */

export interface FieldSet {
  readonly [element: string]: FieldSet;
}

/** Under construction only. */
export type MutableFieldSet = Record<string, FieldSet>;

/** A member without children; as a root, the empty set. */
export const LEAF: FieldSet = Object.freeze({});

export const EMPTY = LEAF;

/** A fieldsV1 value that cannot be read. */
export class FieldSetError extends Error {
  override readonly name = 'FieldSetError';
}

export function isEmpty(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}

/** Whether a node (not a root) is itself a member. */
export function isMember(node: FieldSet): boolean {
  return node['.'] !== undefined || isEmpty(node);
}

/** The node with itself as a member. */
export function withSelf(node: FieldSet | undefined): FieldSet {
  if (node === undefined) return LEAF;
  return isMember(node) ? node : { '.': LEAF, ...node };
}

/** Members of either set. Returns `a` itself when `b` adds nothing. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a)) return b;
  if (isEmpty(b)) return a;
  return unionChildren(a, b);
}

function unionNodes(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a;
  if (isEmpty(a)) return withSelf(b);
  if (isEmpty(b)) return withSelf(a);
  return unionChildren(a, b);
}

function unionChildren(a: FieldSet, b: FieldSet): FieldSet {
  let out: MutableFieldSet | undefined;
  let grown = false;
  for (const key in b) {
    const mine = a[key];
    const theirs = b[key]!;
    if (mine === undefined) {
      out ??= { ...a };
      out[key] = theirs;
      grown = true;
    } else if (key !== '.') {
      const both = unionNodes(mine, theirs);
      if (both !== mine) {
        out ??= { ...a };
        out[key] = both;
      }
    }
  }
  if (out === undefined) return a;
  return grown ? sorted(out) : out;
}

/** Members of `a` that are not members of `b`. Returns `a` itself when nothing is taken away. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a) || isEmpty(b)) return a;
  return differenceChildren(a, b, false) ?? EMPTY;
}

function differenceNodes(a: FieldSet, b: FieldSet): FieldSet | undefined {
  const taken = isMember(b);
  if (isEmpty(a)) return taken ? undefined : a;
  return differenceChildren(a, b, taken);
}

function differenceChildren(a: FieldSet, b: FieldSet, selfTaken: boolean): FieldSet | undefined {
  const out: MutableFieldSet = {};
  let same = true;
  let left = 0;
  for (const key in a) {
    const mine = a[key]!;
    if (key === '.') {
      if (selfTaken) same = false;
      else {
        out['.'] = LEAF;
        left++;
      }
      continue;
    }
    const theirs = b[key];
    const rest = theirs === undefined ? mine : differenceNodes(mine, theirs);
    if (rest !== mine) same = false;
    if (rest !== undefined) {
      out[key] = rest;
      left++;
    }
  }
  if (same) return a;
  if (left === 0) return undefined;
  return left === 1 && out['.'] !== undefined ? LEAF : out;
}

/** Members of `a` that are neither members of `b` nor below one. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a) || isEmpty(b)) return a;
  return without(a, b) ?? EMPTY;
}

function without(a: FieldSet, b: FieldSet): FieldSet | undefined {
  const out: MutableFieldSet = {};
  let same = true;
  let left = 0;
  for (const key in a) {
    const mine = a[key]!;
    const theirs = b[key];
    let rest: FieldSet | undefined = mine;
    if (theirs !== undefined && key !== '.') {
      if (isMember(theirs)) rest = undefined;
      else if (!isEmpty(mine)) rest = without(mine, theirs);
    }
    if (rest !== mine) same = false;
    if (rest !== undefined) {
      out[key] = rest;
      left++;
    }
  }
  if (same) return a;
  if (left === 0) return undefined;
  return left === 1 && out['.'] !== undefined ? LEAF : out;
}

/** Members of both sets. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a) || isEmpty(b)) return EMPTY;
  return intersectChildren(a, b, false) ?? EMPTY;
}

function intersectNodes(a: FieldSet, b: FieldSet): FieldSet | undefined {
  const both = isMember(a) && isMember(b);
  if (isEmpty(a) || isEmpty(b)) return both ? LEAF : undefined;
  return intersectChildren(a, b, both);
}

function intersectChildren(a: FieldSet, b: FieldSet, self: boolean): FieldSet | undefined {
  const out: MutableFieldSet = {};
  let found = false;
  if (self) out['.'] = LEAF;
  for (const key in a) {
    const theirs = b[key];
    if (key === '.' || theirs === undefined) continue;
    const both = intersectNodes(a[key]!, theirs);
    if (both !== undefined) {
      out[key] = both;
      found = true;
    }
  }
  if (found) return out;
  return self ? LEAF : undefined;
}

/** Whether the path of elements (`f:spec`, `k:{…}` …) is a member. */
export function hasPath(set: FieldSet, path: readonly string[]): boolean {
  let node: FieldSet | undefined = set;
  for (const element of path) {
    node = node[element];
    if (node === undefined) return false;
  }
  return path.length > 0 && isMember(node);
}

/** All members, each level before the levels below it. */
export function pathsOf(set: FieldSet): string[][] {
  const out: string[][] = [];
  const walk = (node: FieldSet, prefix: readonly string[]): void => {
    for (const key in node) if (key !== '.' && isMember(node[key]!)) out.push([...prefix, key]);
    for (const key in node) if (key !== '.') walk(node[key]!, [...prefix, key]);
  };
  walk(set, []);
  return out;
}

/** A set of whole fields from dotted names such as `metadata.labels`. */
export function fieldSetOf(fields: readonly string[]): FieldSet {
  let set: FieldSet = EMPTY;
  for (const field of fields) {
    const path = field.split('.').reduceRight<FieldSet>((child, name) => ({ [`f:${name}`]: child }), LEAF);
    set = union(set, path);
  }
  return set;
}

/** A path as messages show it: `.spec.containers[name="one"].image`. */
export function pathText(path: readonly string[]): string {
  return path.map(elementText).join('');
}

export function elementText(element: string): string {
  const rest = element.slice(2);
  switch (element[0]) {
    case 'f':
      return `.${rest}`;
    case 'v':
      return `[=${scalarText(JSON.parse(rest))}]`;
    case 'k': {
      const key = JSON.parse(rest) as Record<string, unknown>;
      return `[${Object.keys(key)
        .map((name) => `${name}=${scalarText(key[name])}`)
        .join(',')}]`;
    }
    default:
      return `[${rest}]`;
  }
}

function scalarText(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** JSON as Go's encoder writes it, which also escapes characters that are special in HTML. */
export function goJson(value: unknown): string {
  const text = JSON.stringify(value);
  return /[<>&\u2028\u2029]/.test(text)
    ? text.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
    : text;
}

/** The node with its keys in order. */
export function sorted(node: FieldSet): FieldSet {
  const out: MutableFieldSet = {};
  for (const key of Object.keys(node).sort(compareElements)) out[key] = node[key]!;
  return out;
}

const RANK: Readonly<Record<string, number>> = { '.': 0, f: 1, k: 2, v: 3, i: 4 };

/** Upstream's order of path elements: field names, keys, values, indices; values of keys compare as values. */
export function compareElements(a: string, b: string): number {
  if (a === b) return 0;
  const kind = a[0]!;
  if (kind !== b[0]) return (RANK[kind] ?? 5) - (RANK[b[0]!] ?? 5);
  if (kind === 'k') return comparePlainKeys(a, b) ?? compareKeys(JSON.parse(a.slice(2)), JSON.parse(b.slice(2)));
  if (kind === 'v') {
    if (isPlainText(a) && isPlainText(b)) return a.slice(3, -1) < b.slice(3, -1) ? -1 : 1;
    return compareValues(JSON.parse(a.slice(2)), JSON.parse(b.slice(2)));
  }
  if (kind === 'i') return Number(a.slice(2)) - Number(b.slice(2));
  return a < b ? -1 : 1;
}

/** Whether a value is a string without escapes, which compares as it stands. */
const isPlainText = (element: string): boolean => element[2] === '"' && !element.includes('\\');

/** Order of keys of one field, the same, whose values are strings without escapes, as most are; else undefined. */
function comparePlainKeys(a: string, b: string): number | undefined {
  const start = a.indexOf('":"') + 3;
  if (start === 2 || !b.startsWith(a.slice(0, start)) || a.includes('\\') || b.includes('\\')) return undefined;
  if (a.indexOf('"', start) !== a.length - 2 || b.indexOf('"', start) !== b.length - 2) return undefined;
  return a.slice(start, -2) < b.slice(start, -2) ? -1 : 1;
}

function compareKeys(a: Record<string, unknown>, b: Record<string, unknown>): number {
  const mine = Object.keys(a);
  const theirs = Object.keys(b);
  for (let i = 0; i < mine.length && i < theirs.length; i++) {
    const x = mine[i]!;
    const y = theirs[i]!;
    if (x !== y) return x < y ? -1 : 1;
    const order = compareValues(a[x], b[y]);
    if (order !== 0) return order;
  }
  return mine.length - theirs.length;
}

const TYPE_RANK: Readonly<Record<string, number>> = { number: 0, string: 1, boolean: 2, object: 3 };

function compareValues(a: unknown, b: unknown): number {
  if (typeof a !== typeof b) return (TYPE_RANK[typeof a] ?? 4) - (TYPE_RANK[typeof b] ?? 4);
  if (a === b) return 0;
  return (a as string) < (b as string) ? -1 : 1;
}

/** Reads a fieldsV1 value of unknown origin into normal form. Throws FieldSetError. */
export function parseFieldSet(value: unknown): FieldSet {
  if (value === undefined || value === null) return EMPTY;
  return parseNode(value);
}

function parseNode(value: unknown): FieldSet {
  if (value === null) return LEAF;
  if (typeof value !== 'object' || Array.isArray(value)) throw new FieldSetError('expected an object');
  const out: MutableFieldSet = {};
  let last = '';
  let inOrder = true;
  let count = 0;
  for (const [key, child] of Object.entries(value)) {
    const element = key === '.' ? key : parseElement(key);
    if (element === undefined) continue;
    if (inOrder && last !== '' && compareElements(last, element) > 0) inOrder = false;
    last = element;
    out[element] = key === '.' ? LEAF : parseNode(child);
    count++;
  }
  if (count === 0 || (count === 1 && last === '.')) return LEAF;
  return inOrder ? out : sorted(out);
}

/** The element in normal form; undefined for kinds of elements that are unknown, which are ignored. */
function parseElement(element: string): string | undefined {
  if (element.length < 2) throw new FieldSetError('key must be 2 characters long:');
  if (element[1] !== ':') throw new FieldSetError(`missing colon: ${element}`);
  const rest = element.slice(2);
  switch (element[0]) {
    case 'f':
      return element;
    case 'v':
      return `v:${goJson(parseJson(rest))}`;
    case 'k': {
      const key = parseJson(rest);
      if (typeof key !== 'object' || key === null || Array.isArray(key)) throw new FieldSetError(`invalid key ${rest}`);
      const names = Object.keys(key).sort();
      return `k:${goJson(Object.fromEntries(names.map((name) => [name, (key as Record<string, unknown>)[name]])))}`;
    }
    case 'i':
      if (!/^[+-]?\d+$/.test(rest)) throw new FieldSetError(`invalid index ${rest}`);
      return `i:${Number(rest)}`;
    default:
      return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new FieldSetError(`invalid path element ${text}`);
  }
}
