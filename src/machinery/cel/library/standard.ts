import { toBool, toBytes, toDouble, toDuration, toInt, toText, toTimestamp, toUint } from '../convert.ts';
import type { Implementation, Library } from '../declaration.ts';
import { runtimeType, sizeOf } from '../operators.ts';
import { compileRegex, searching } from '../regex.ts';
import { type CalendarTime, calendar } from '../time.ts';
import { type CelDuration, type CelTimestamp, CelTypeValue, intOf } from '../values.ts';

type Signatures = Readonly<Record<string, Implementation | null>>;

const typeNames: Readonly<Record<string, string>> = { int64: 'int', uint64: 'uint' };

/** Upstream's order of overloads, which decides the type where several fit. */
const comparisons: readonly (readonly [string, string])[] = [
  ['bool', 'bool'],
  ['int64', 'int64'],
  ['int64', 'double'],
  ['int64', 'uint64'],
  ['uint64', 'uint64'],
  ['uint64', 'double'],
  ['uint64', 'int64'],
  ['double', 'double'],
  ['double', 'int64'],
  ['double', 'uint64'],
  ...(['string', 'bytes', 'timestamp', 'duration'] as const).map((name) => [name, name] as const),
];

function relation(prefix: string): Signatures {
  const shown = (name: string) => typeNames[name] ?? name;
  const signature = ([left, right]: readonly [string, string]) => {
    const id = left === right ? `${prefix}_${left}` : `${prefix}_${left}_${right}`;
    return [`${id}(${shown(left)}, ${shown(right)}) -> bool`, null] as const;
  };
  return Object.fromEntries(comparisons.map(signature));
}

function arithmetic(prefix: string, names: readonly string[]): Record<string, null> {
  return Object.fromEntries(
    names.map((name) => {
      const type = typeNames[name] ?? name;
      return [`${prefix}_${name}(${type}, ${type}) -> ${type}`, null];
    }),
  );
}

function signatures(...all: readonly string[]): Signatures {
  return Object.fromEntries(all.map((signature) => [signature, null]));
}

function operators(): Library {
  return {
    '_?_:_': signatures('conditional(bool, A, A) -> A'),
    '_&&_': signatures('logical_and(bool, bool) -> bool'),
    '_||_': signatures('logical_or(bool, bool) -> bool'),
    '!_': signatures('logical_not(bool) -> bool'),
    '@not_strictly_false': signatures('not_strictly_false(bool) -> bool'),
    '_==_': signatures('equals(A, A) -> bool'),
    '_!=_': signatures('not_equals(A, A) -> bool'),
    '_+_': {
      ...arithmetic('add', ['bytes', 'double']),
      ...signatures(
        'add_duration_duration(duration, duration) -> duration',
        'add_duration_timestamp(duration, timestamp) -> timestamp',
        'add_timestamp_duration(timestamp, duration) -> timestamp',
        'add_int64(int, int) -> int',
        'add_list(list(A), list(A)) -> list(A)',
        'add_string(string, string) -> string',
        'add_uint64(uint, uint) -> uint',
      ),
    },
    '_/_': arithmetic('divide', ['double', 'int64', 'uint64']),
    '_%_': arithmetic('modulo', ['int64', 'uint64']),
    '_*_': arithmetic('multiply', ['double', 'int64', 'uint64']),
    '-_': signatures('negate_double(double) -> double', 'negate_int64(int) -> int'),
    '_-_': {
      ...arithmetic('subtract', ['double']),
      ...signatures(
        'subtract_duration_duration(duration, duration) -> duration',
        'subtract_int64(int, int) -> int',
        'subtract_timestamp_duration(timestamp, duration) -> timestamp',
        'subtract_timestamp_timestamp(timestamp, timestamp) -> duration',
        'subtract_uint64(uint, uint) -> uint',
      ),
    },
    '_<_': relation('less'),
    '_<=_': relation('less_equals'),
    '_>_': relation('greater'),
    '_>=_': relation('greater_equals'),
    '_[_]': signatures('index_list(list(A), int) -> A', 'index_map(map(A, B), A) -> B'),
    '@in': signatures('in_list(A, list(A)) -> bool', 'in_map(A, map(A, B)) -> bool'),
  };
}

const size = (value: unknown): number => sizeOf(value) as number;

function sizes(): Signatures {
  const kinds = [
    ['bytes', 'bytes'],
    ['list', 'list(A)'],
    ['map', 'map(A, B)'],
    ['string', 'string'],
  ] as const;
  return Object.fromEntries(
    kinds.flatMap(([name, type]) => [
      [`size_${name}(${type}) -> int`, size],
      [`${name}_size: ${type}.() -> int`, size],
    ]),
  );
}

/** Signatures of a conversion from types, in upstream's order. */
function conversion(
  to: string,
  from: Readonly<Record<string, string>>,
  result: string,
  call: Implementation,
): Signatures {
  return Object.fromEntries(
    Object.entries(from).map(([name, type]) => [`${name}_to_${to}(${type}) -> ${result}`, call]),
  );
}

function conversions(): Library {
  return {
    type: { 'type(A) -> type(A)': (value: unknown) => new CelTypeValue(runtimeType(value)) },
    dyn: { 'to_dyn(A) -> dyn': (value: unknown) => value },
    bool: conversion('bool', { bool: 'bool', string: 'string' }, 'bool', toBool),
    bytes: conversion('bytes', { bytes: 'bytes', string: 'string' }, 'bytes', toBytes),
    double: conversion(
      'double',
      { double: 'double', int64: 'int', string: 'string', uint64: 'uint' },
      'double',
      toDouble,
    ),
    duration: conversion('duration', { duration: 'duration', int64: 'int', string: 'string' }, 'duration', toDuration),
    int: conversion(
      'int64',
      {
        int64: 'int',
        double: 'double',
        duration: 'duration',
        string: 'string',
        timestamp: 'timestamp',
        uint64: 'uint',
      },
      'int',
      toInt,
    ),
    string: conversion(
      'string',
      {
        string: 'string',
        bool: 'bool',
        bytes: 'bytes',
        double: 'double',
        duration: 'duration',
        int64: 'int',
        timestamp: 'timestamp',
        uint64: 'uint',
      },
      'string',
      toText,
    ),
    timestamp: conversion(
      'timestamp',
      { timestamp: 'timestamp', int64: 'int', string: 'string' },
      'timestamp',
      toTimestamp,
    ),
    uint: conversion('uint64', { uint64: 'uint', double: 'double', int64: 'int', string: 'string' }, 'uint', toUint),
  };
}

function matches(text: string, pattern: string): boolean {
  return searching((work) => compileRegex(pattern).test(text, work));
}

function texts(): Library {
  return {
    contains: { 'contains_string: string.(string) -> bool': (text: string, part: string) => text.includes(part) },
    endsWith: { 'ends_with_string: string.(string) -> bool': (text: string, part: string) => text.endsWith(part) },
    startsWith: {
      'starts_with_string: string.(string) -> bool': (text: string, part: string) => text.startsWith(part),
    },
    matches: { 'matches(string, string) -> bool': matches, 'matches_string: string.(string) -> bool': matches },
  };
}

function field(id: string, read: (time: CalendarTime) => number, zoned = `${id}_with_tz`): Signatures {
  return {
    [`${id}: timestamp.() -> int`]: (value: CelTimestamp) => read(calendar(value, 'UTC')),
    [`${zoned}: timestamp.(string) -> int`]: (value: CelTimestamp, zone: string) => read(calendar(value, zone)),
  };
}

function inUnits(unit: bigint): Implementation {
  return (value: CelDuration) => intOf(value.nanos / unit);
}

function times(): Library {
  return {
    getFullYear: field('timestamp_to_year', (time) => time.year),
    getMonth: field('timestamp_to_month', (time) => time.month),
    getDayOfYear: field('timestamp_to_day_of_year', (time) => time.dayOfYear),
    getDayOfMonth: field('timestamp_to_day_of_month', (time) => time.day - 1),
    getDate: field('timestamp_to_day_of_month_1_based', (time) => time.day),
    getDayOfWeek: field('timestamp_to_day_of_week', (time) => time.weekday),
    getHours: {
      ...field('timestamp_to_hours', (time) => time.hours),
      'duration_to_hours: duration.() -> int': inUnits(3_600_000_000_000n),
    },
    getMinutes: {
      ...field('timestamp_to_minutes', (time) => time.minutes),
      'duration_to_minutes: duration.() -> int': inUnits(60_000_000_000n),
    },
    getSeconds: {
      ...field('timestamp_to_seconds', (time) => time.seconds, 'timestamp_to_seconds_tz'),
      'duration_to_seconds: duration.() -> int': inUnits(1_000_000_000n),
    },
    getMilliseconds: {
      ...field('timestamp_to_milliseconds', (time) => time.milliseconds),
      'duration_to_milliseconds: duration.() -> int': inUnits(1_000_000n),
    },
  };
}

/** The language's own functions. Upstream: common/stdlib/standard.go */
export function standardLibrary(): Library {
  return { ...operators(), size: sizes(), ...conversions(), ...texts(), ...times() };
}
