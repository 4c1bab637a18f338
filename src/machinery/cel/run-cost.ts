import { codePoints, find, keysOf, sizeOf } from './operators.ts';
import { CelHostValue, CelOptional, isMap } from './values.ts';

/** What a call costs when it runs, by its arguments (target first) and result. */
export type CallCost = number | ((args: readonly unknown[], result: unknown) => number);

/** The size upstream's cost model sees: of texts, lists and maps; everything else is 1. */
function actualSize(value: unknown): number {
  if (typeof value === 'string') return codePoints(value);
  if (value instanceof CelOptional) return value.present ? actualSize(value.value) : 1;
  if (value instanceof CelHostValue) return value.size?.() ?? 1;
  return sizeOf(value) ?? 1;
}

function tenth(size: number): number {
  return Math.ceil(size * 0.1);
}

/** The length in UTF-8. */
function bytesOf(text: string): number {
  if (text.length > 100) return new TextEncoder().encode(text).length;
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    // Halves of pairs have two bytes each.
    if (code >= 0x80) bytes += code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 1 : 2;
  }
  return bytes;
}

function traversal(value: unknown): number {
  if (typeof value === 'string') return Math.floor(bytesOf(value) * 0.1);
  if (value instanceof Uint8Array) return Math.floor(value.length * 0.1);
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + traversal(item), 0);
  if (isMap(value))
    return keysOf(value).reduce((sum: number, key) => sum + traversal(key) + traversal(find(value, key)), 0);
  return 1;
}

const pattern = (args: readonly unknown[]): number =>
  Math.ceil((1 + actualSize(args[0])) * 0.1) * Math.ceil(actualSize(args[1]) * 0.25);
const first: CallCost = (args) => tenth(actualSize(args[0]));
const doubled: CallCost = (args) => Math.ceil(actualSize(args[0]) * 2 * 0.1);
const smaller: CallCost = (args) => {
  const size = Math.min(actualSize(args[0]), actualSize(args[1]));
  return tenth(size);
};

/** A list as long as the result is made. */
const made: CallCost = (_args, result) => actualSize(result) + 11;

/** Every element is compared with every other one. */
function selfCompare(list: unknown): number {
  const size = actualSize(list);
  const first = Array.isArray(list) ? (list as unknown[])[0] : undefined;
  const factor = typeof first === 'string' || first instanceof Uint8Array ? 2.1 : 2;
  return Math.floor(size * size * factor) + 11;
}

const sets = (factor: number): CallCost => {
  return (args) => 1 + actualSize(args[0]) * actualSize(args[1]) * factor;
};

/** Upstream: ext/lists.go, ext/sets.go */
function byExtension(overload: string): CallCost | undefined {
  switch (overload) {
    case 'list_slice':
    case 'lists_range':
    case 'list_reverse':
      return made;
    case 'list_flatten':
    case 'list_flatten_int':
      return (args) => actualSize(args[0]) * Number(args[1] ?? 1) + 11;
    case 'list_sets_contains_list':
    case 'list_sets_intersects_list':
      return sets(1);
    case 'list_sets_equivalent_list':
      return sets(2);
    default:
      if (overload === 'list_distinct' || overload.endsWith('_sort')) return (args) => selfCompare(args[0]);
      return overload.endsWith('_sortByAssociatedKeys') ? (args) => selfCompare(args[1]) : undefined;
  }
}

/** Upstream: interpreter/runtimecost.go costCall */
const byOverload: Readonly<Record<string, CallCost>> = {
  starts_with_string: first,
  ends_with_string: first,
  string_to_bytes: first,
  bytes_to_string: first,
  strings_quote: first,
  string_format: first,
  in_list: (args) => actualSize(args[1]),
  less_string: smaller,
  greater_string: smaller,
  less_equals_string: smaller,
  greater_equals_string: smaller,
  less_bytes: smaller,
  greater_bytes: smaller,
  less_equals_bytes: smaller,
  greater_equals_bytes: smaller,
  equals: (args) => (args[0] instanceof CelHostValue ? 1 : (smaller as (args: readonly unknown[]) => number)(args)),
  not_equals: smaller,
  add_string: (args) => tenth(actualSize(args[0]) + actualSize(args[1])),
  add_bytes: (args) => tenth(actualSize(args[0]) + actualSize(args[1])),
  matches_string: pattern,
  contains_string: (args) => tenth(actualSize(args[0])) * tenth(actualSize(args[1])),
};

const sequence: CallCost = (args) => (args.length > 0 ? traversal(args[0]) : 0);
const address = (parsed: string, overload: string, extra: (size: number) => number): CallCost => {
  return (args) => {
    const size = actualSize(args[0]);
    const base = Math.ceil(size * 2 * 0.1) + extra(size);
    return overload === parsed ? base + tenth(actualSize(args[1])) : base;
  };
};

function selector(args: readonly unknown[]): number {
  const length = actualSize(args[1]);
  return 10 + tenth(length) + Math.ceil(length * 0.5) * 50;
}

/** The longest regular expression of a named format, which upstream charges for all of them. */
const formatRegex = 128;

/** Upstream: pkg/cel/library/cost.go CallCost */
function byFunction(name: string, overload: string): CallCost | undefined {
  switch (name) {
    case 'check':
      return 350_000;
    case 'fieldSelector':
    case 'labelSelector':
      return selector;
    case 'isSorted':
    case 'sum':
    case 'max':
    case 'min':
    case 'indexOf':
    case 'lastIndexOf':
      return sequence;
    case 'url':
    case 'lowerAscii':
    case 'upperAscii':
    case 'substring':
    case 'trim':
    case 'jsonpatch.escapeKey':
    case 'cidr':
    case 'isIP':
    case 'isCIDR':
    case 'quantity':
    case 'isQuantity':
    case 'semver':
    case 'isSemver':
      return first;
    case 'ip':
      return overload === 'cidr_ip' ? 1 : first;
    case 'replace':
    case 'split':
    case 'ip.isCanonical':
      return doubled;
    case 'join':
      return (_args, result) => Math.ceil(actualSize(result) * 2 * 0.1);
    case 'find':
    case 'findAll':
      return pattern;
    case 'containsIP':
      return address('cidr_contains_ip_string', overload, () => 0);
    case 'containsCIDR':
      return address('cidr_contains_cidr_string', overload, (size) => tenth(size) + 1);
    case 'validate':
      return (args) => Math.ceil((1 + actualSize(args[1])) * 0.1) * Math.ceil(formatSize(args[0]) * 0.25);
    default:
      return undefined;
  }
}

function formatSize(format: unknown): number {
  return format instanceof CelHostValue && 'maxRegexSize' in format ? Number(format.maxRegexSize) : formatRegex;
}

/** `overload` is empty where only running tells which one it is. */
export function callCost(name: string, overload: string): CallCost {
  return (
    byExtension(overload) ??
    byFunction(name, overload) ??
    byOverload[overload] ??
    (name === '_==_' ? (byOverload.equals as CallCost) : 1)
  );
}
