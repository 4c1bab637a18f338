import { add } from '../arithmetic.ts';
import { typeText } from '../cel-type.ts';
import type { Implementation, Library } from '../declaration.ts';
import { compare, equal, runtimeType } from '../operators.ts';
import { CelDouble, CelDuration, CelFault, CelUint } from '../values.ts';
import { spend } from '../work.ts';

const summable: Readonly<Record<string, unknown>> = {
  int: 0,
  uint: new CelUint(0n),
  double: new CelDouble(0),
  duration: new CelDuration(0n),
};
const comparable = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes'];

/** The order of two values; 0 where they have none, which upstream passes over. */
function order(a: unknown, b: unknown): number {
  try {
    return compare(a, b, '_<_');
  } catch (error) {
    if (error instanceof CelFault && !error.limit) return 0;
    throw error;
  }
}

/** A list that is gone through, which upstream lets cost nothing. */
function read(list: readonly unknown[]): readonly unknown[] {
  spend(list.length);
  return list;
}

function isSorted(list: readonly unknown[]): boolean {
  return read(list).every((item, index) => index === 0 || order(list[index - 1], item) <= 0);
}

function extreme(name: 'min' | 'max'): Implementation {
  const wanted = name === 'min' ? 1 : -1;
  return (list: readonly unknown[]) => {
    if (list.length === 0) throw new CelFault(`${name} called on empty list`);
    return read(list).reduce((best, item) => (order(best, item) === wanted ? item : best));
  };
}

function each(types: readonly string[], signature: (type: string) => string, call: (type: string) => Implementation) {
  return Object.fromEntries(types.map((type) => [signature(type), call(type)]));
}

/** Upstream: pkg/cel/library/lists.go */
export function kubernetesListsLibrary(): Library {
  return {
    isSorted: each(
      comparable,
      (type) => `list_${type}_is_sorted_bool: list(${type}).() -> bool`,
      () => isSorted,
    ),
    sum: each(
      Object.keys(summable),
      (type) => `list_${type}_sum_${type}: list(${type}).() -> ${type}`,
      (type) => (list: readonly unknown[]) => read(list).reduce(add, summable[type]),
    ),
    max: each(
      comparable,
      (type) => `list_${type}_max_${type}: list(${type}).() -> ${type}`,
      () => extreme('max'),
    ),
    min: each(
      comparable,
      (type) => `list_${type}_min_${type}: list(${type}).() -> ${type}`,
      () => extreme('min'),
    ),
    indexOf: {
      'list_a_index_of_int: list(A).(A) -> int': (list: readonly unknown[], item: unknown) =>
        read(list).findIndex((other) => equal(other, item)),
    },
    lastIndexOf: {
      'list_a_last_index_of_int: list(A).(A) -> int': (list: readonly unknown[], item: unknown) =>
        read(list).findLastIndex((other) => equal(other, item)),
    },
  };
}

function slice(list: readonly unknown[], start: number, end: number): readonly unknown[] {
  const call = `cannot slice(${start}, ${end})`;
  if (start < 0 || end < 0) throw new CelFault(`${call}, negative indexes not supported`);
  if (start > end) throw new CelFault(`${call}, start index must be less than or equal to end index`);
  if (list.length < end) throw new CelFault(`${call}, list is length ${list.length}`);
  return list.slice(Number(start), Number(end));
}

function flatten(list: readonly unknown[], depth: number): readonly unknown[] {
  if (!Array.isArray(list)) throw new CelFault(`no such overload: ${typeText(runtimeType(list))}.flatten()`);
  if (depth < 0) throw new CelFault('level must be non-negative');
  return list.flatMap((item) => (Array.isArray(item) && depth > 0 ? flatten(item, Number(depth) - 1) : [item]));
}

function isOrdered(value: unknown): boolean {
  return comparable.includes(runtimeType(value).kind);
}

function sortBy(list: readonly unknown[], keys: readonly unknown[]): readonly unknown[] {
  if (!Array.isArray(list)) throw new CelFault('no such overload: sort');
  if (keys.length > 0 && !isOrdered(keys[0])) throw new CelFault('list elements must be comparable');
  const { name } = runtimeType(keys[0]);
  if (!keys.every((key) => runtimeType(key).name === name)) throw new CelFault('list elements must have the same type');
  const pairs = list.map((item, index) => ({ item, key: keys[index] }));
  return pairs.sort((a, b) => order(a.key, b.key)).map(({ item }) => item);
}

function distinct(list: readonly unknown[]): readonly unknown[] {
  const kept: unknown[] = [];
  for (const item of list) if (!kept.some((other) => equal(other, item))) kept.push(item);
  return kept;
}

/** More would be refused by the cost limit, but only once they were made. */
const maxRange = 1_000_000;

function range(count: number | bigint): readonly number[] {
  if (count > maxRange) throw new CelFault('operation cancelled: actual cost limit exceeded', true);
  return Array.from({ length: Math.max(0, Number(count)) }, (_, index) => index);
}

/** Upstream: ext/lists.go, version 3 */
export function listsLibrary(): Library {
  return {
    slice: { 'list_slice: list(T).(int, int) -> list(T)': slice },
    flatten: {
      'list_flatten: list(list(T)).() -> list(T)': (list: readonly unknown[]) => flatten(list, 1),
      'list_flatten_int: list(dyn).(int) -> list(dyn)': flatten,
    },
    sort: each(
      comparable,
      (type) => `list_${type}_sort: list(${type}).() -> list(${type})`,
      () => (list: readonly unknown[]) => sortBy(list, list),
    ),
    '@sortByAssociatedKeys': each(
      comparable,
      (type) => `list_${type}_sortByAssociatedKeys: list(T).(list(${type})) -> list(T)`,
      () => sortBy,
    ),
    'lists.range': { 'lists_range(int) -> list(int)': range },
    reverse: { 'list_reverse: list(T).() -> list(T)': (list: readonly unknown[]) => list.toReversed() },
    distinct: { 'list_distinct: list(T).() -> list(T)': distinct },
  };
}

const contains = (list: readonly unknown[], part: readonly unknown[]): boolean =>
  part.every((item) => list.some((other) => equal(other, item)));

/** Upstream: ext/sets.go */
export function setsLibrary(): Library {
  return {
    'sets.contains': { 'list_sets_contains_list(list(T), list(T)) -> bool': contains },
    'sets.equivalent': {
      'list_sets_equivalent_list(list(T), list(T)) -> bool': (a: readonly unknown[], b: readonly unknown[]) =>
        contains(a, b) && contains(b, a),
    },
    'sets.intersects': {
      'list_sets_intersects_list(list(T), list(T)) -> bool': (a: readonly unknown[], b: readonly unknown[]) =>
        a.some((item) => b.some((other) => equal(item, other))),
    },
  };
}
