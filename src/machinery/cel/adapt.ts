/**
 * JSON values as their schema reads them: texts that are instants, durations or bytes, numbers that are doubles, lists
 * that compare as sets. Most types need nothing, which is decided once when a program is planned.
 */
import type { CelType } from './contract.ts';
import { type IdentifiedList, listIdentity } from './operators.ts';
import { parseDate, parseDuration, parseTimestamp } from './time.ts';
import { CelDouble, CelFault, doubleOf } from './values.ts';
import { spend } from './work.ts';

export type Adapter = (value: unknown) => unknown;

const plainness = new WeakMap<CelType, boolean>();

/** Whether JSON values of a type are used as they are, all the way down. */
function isPlain(type: CelType): boolean {
  const known = plainness.get(type);
  if (known !== undefined) return known;
  // A recursive type is as plain as the rest of it.
  plainness.set(type, true);
  const plain = computePlain(type);
  plainness.set(type, plain);
  return plain;
}

function computePlain(type: CelType): boolean {
  switch (type.kind) {
    case 'double':
    case 'bytes':
    case 'timestamp':
    case 'duration':
      return false;
    case 'list':
      return type.listType === undefined && isPlain(type.params[0] as CelType);
    case 'map':
      return isPlain(type.params[1] as CelType);
    case 'object':
      return [...(type.fields?.().values() ?? [])].every((field) => isPlain(field.type));
    default:
      return true;
  }
}

function scalar(type: CelType): Adapter | undefined {
  switch (type.kind) {
    case 'double':
      return (value) => (typeof value === 'number' ? doubleOf(value) : value);
    case 'timestamp':
      return (value) => (typeof value === 'string' ? instant(value) : value);
    case 'duration':
      return (value) => (typeof value === 'string' ? span(value) : value);
    case 'bytes':
      return (value) => (typeof value === 'string' ? decode(value) : value);
    default:
      return undefined;
  }
}

function instant(text: string): unknown {
  const found = parseTimestamp(text) ?? parseDate(text);
  if (found === undefined) throw new CelFault(`invalid date-time: ${text}`);
  return found;
}

function span(text: string): unknown {
  const found = parseDuration(text);
  if (found === undefined) throw new CelFault(`invalid duration: ${text}`);
  return found;
}

function decode(text: string): unknown {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    throw new CelFault('invalid base64 data');
  }
}

/**
 * What a field, element or variable of a type needs when it is read. Objects are left as they are: their fields are
 * adapted when those are read in turn.
 */
export function onRead(type: CelType): Adapter | undefined {
  if (isPlain(type)) return undefined;
  if (type.kind === 'list') {
    const element = onRead(type.params[0] as CelType);
    return element && ((value) => (Array.isArray(value) ? mapItems(value, element) : value));
  }
  if (type.kind === 'map') {
    const inner = onRead(type.params[1] as CelType);
    return inner && ((value) => mapValues(value, () => inner));
  }
  return scalar(type);
}

/** What a value needs before something sees it whole: a comparison, a function, a new list. */
export function onEscape(type: CelType): Adapter | undefined {
  if (isPlain(type)) return undefined;
  switch (type.kind) {
    case 'list':
      return list(type);
    case 'map': {
      const inner = onEscape(type.params[1] as CelType);
      return inner && ((value) => mapValues(value, () => inner));
    }
    case 'object': {
      const byKey = new Map<string, Adapter | undefined>();
      for (const field of type.fields?.().values() ?? [])
        if (!isPlain(field.type)) byKey.set(field.key, lazily(field.type));
      return (value) => mapValues(value, (key) => byKey.get(key));
    }
    default:
      return scalar(type);
  }
}

/** Types may contain themselves, so adapters of fields are made when one is first met. */
function lazily(type: CelType): Adapter {
  let made: Adapter | undefined;
  return (value) => {
    made ??= onEscape(type) ?? ((same) => same);
    return made(value);
  };
}

function list(type: CelType): Adapter {
  const element = onEscape(type.params[0] as CelType);
  const identity = type.listType && { type: type.listType, keys: type.listMapKeys ?? [] };
  return (value) => {
    if (!Array.isArray(value) || (value as IdentifiedList)[listIdentity] !== undefined) return value;
    spend(value.length);
    const adapted = element === undefined ? (value as unknown[]).slice() : value.map(element);
    return identity === undefined ? adapted : Object.assign(adapted, { [listIdentity]: identity });
  };
}

function mapItems(list: readonly unknown[], element: Adapter): readonly unknown[] {
  spend(list.length);
  return list.map(element);
}

function mapValues(value: unknown, adapter: (key: string) => Adapter | undefined): unknown {
  if (
    typeof value !== 'object' ||
    value === null ||
    Array.isArray(value) ||
    value instanceof CelDouble ||
    value instanceof Map
  )
    return value;
  const entries = Object.entries(value);
  spend(2 * entries.length);
  return Object.fromEntries(entries.map(([key, inner]) => [key, adapter(key)?.(inner) ?? inner]));
}
