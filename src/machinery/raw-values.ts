/**
 * Values that no type describes (`rawExtension`). Upstream keeps them as the bytes they came in, so that the order of
 * their keys tells them apart, and a conversion of the object that holds them sorts those.
 */
import type { Schema } from './schema.ts';

type JsonRecord = Record<string, unknown>;
type Visit = (holder: JsonRecord, key: string) => void;
type Walk = (value: unknown, visit: Visit) => void;

/** By schema: how to reach its raw values; null where it has none. */
const walks = new WeakMap<Schema, Walk | null>();

/** Schemas that are being looked at have no raw values of their own but those that are found then. */
function walkOf(schema: Schema): Walk | null {
  const known = walks.get(schema);
  if (known !== undefined) return known;
  walks.set(schema, null);
  const walk = compile(schema);
  walks.set(schema, walk);
  return walk;
}

function compile(schema: Schema): Walk | null {
  if (schema.type === 'array' || schema.type === 'map') {
    const inner = walkOf(schema.type === 'array' ? schema.items : schema.values);
    if (inner === null) return null;
    return (value, visit) => {
      const holder = value as JsonRecord;
      for (const key of Object.keys(holder).sort()) inner(holder[key], visit);
    };
  }
  if (schema.type !== 'object') return null;
  const raw: string[] = [];
  const inner: [name: string, walk: Walk][] = [];
  for (const field of schema.fields.values()) {
    if (field.schema.type === 'rawExtension') raw.push(field.name);
    const walk = walkOf(field.schema);
    if (walk) inner.push([field.name, walk]);
  }
  if (raw.length === 0 && inner.length === 0) return null;
  return (value, visit) => {
    const holder = value as JsonRecord;
    for (const name of raw) if (holder[name] !== undefined) visit(holder, name);
    for (const [name, walk] of inner)
      if (holder[name] !== undefined && holder[name] !== null) walk(holder[name], visit);
  };
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => [key, sorted(item)]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Sorts the keys of the raw values of an object of type `schema`, in place. */
export function sortRawValues(schema: Schema, object: object): void {
  walkOf(schema)?.(object, (holder, key) => {
    holder[key] = sorted(holder[key]);
  });
}

/** The raw values of an object of type `schema` as one text, which differs where the order of their keys does. */
export function rawText(schema: Schema, object: object): string {
  const texts: string[] = [];
  walkOf(schema)?.(object, (holder, key) => texts.push(JSON.stringify(holder[key])));
  return texts.join('\n');
}
