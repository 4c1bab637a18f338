import type { Library } from '../declaration.ts';
import { sizeOf } from '../operators.ts';
import { asDouble, CelDuration, CelFault, CelHostValue, CelOptional, CelTimestamp, CelUint } from '../values.ts';

/** The instant whose year is 1, which upstream takes for no time at all. */
const zeroTime = -62135596800000000000n;

/** Whether a value is the empty one of its kind; types without one have no empty value. */
function isZero(value: unknown): boolean {
  if (value === null || value === false || value === 0 || value === 0n) return true;
  if (value instanceof CelUint) return value.value === 0n;
  if (value instanceof CelDuration) return value.nanos === 0n;
  if (value instanceof CelTimestamp) return value.nanos === zeroTime;
  if (value instanceof CelOptional) return !value.present;
  if (value instanceof CelHostValue) return false;
  return asDouble(value) === 0 || sizeOf(value) === 0;
}

function held(optional: CelOptional): unknown {
  if (!optional.present) throw new CelFault('optional.none() dereference');
  return optional.value;
}

function unwrap(list: readonly unknown[]): readonly unknown[] {
  return list.flatMap((item) => {
    if (!(item instanceof CelOptional)) throw new CelFault(`value ${String(item)} is not optional`);
    return item.present ? [item.value] : [];
  });
}

function at(list: readonly unknown[], index: number): CelOptional {
  return list.length === 0 ? CelOptional.none : CelOptional.of(list.at(index));
}

/** Upstream: cel/library.go OptionalTypes */
export function optionalLibrary(): Library {
  return {
    'optional.of': { 'optional_of(V) -> optional(V)': CelOptional.of },
    'optional.ofNonZeroValue': {
      'optional_ofNonZeroValue(V) -> optional(V)': (value: unknown) =>
        isZero(value) ? CelOptional.none : CelOptional.of(value),
    },
    'optional.none': { 'optional_none() -> optional(V)': () => CelOptional.none },
    value: { 'optional_value: optional(V).() -> V': held },
    hasValue: { 'optional_hasValue: optional(V).() -> bool': (optional: CelOptional) => optional.present },
    or: { 'optional_or_optional: optional(V).(optional(V)) -> optional(V)': null },
    orValue: { 'optional_orValue_value: optional(V).(V) -> V': null },
    '_?._': { 'select_optional_field(dyn, string) -> optional(V)': null },
    '_[?_]': {
      'list_optindex_optional_int(list(V), int) -> optional(V)': null,
      'optional_list_optindex_optional_int(optional(list(V)), int) -> optional(V)': null,
      'map_optindex_optional_value(map(K, V), K) -> optional(V)': null,
      'optional_map_optindex_optional_value(optional(map(K, V)), K) -> optional(V)': null,
    },
    '_[_]': {
      'optional_list_index_int(optional(list(V)), int) -> optional(V)': null,
      'optional_map_index_value(optional(map(K, V)), K) -> optional(V)': null,
    },
    last: { 'list_last: list(V).() -> optional(V)': (list: readonly unknown[]) => at(list, -1) },
    first: { 'list_first: list(V).() -> optional(V)': (list: readonly unknown[]) => at(list, 0) },
    'optional.unwrap': { 'optional_unwrap(list(optional(V))) -> list(V)': unwrap },
    unwrapOpt: { 'optional_unwrapOpt: list(optional(V)).() -> list(V)': unwrap },
    'cel.@mapInsert': {
      '@mapInsert_map_key_value(map(K, V), K, V) -> map(K, V)': null,
      '@mapInsert_map_map(map(K, V), map(K, V)) -> map(K, V)': null,
    },
  };
}
