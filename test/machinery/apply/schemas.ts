/** Small schemas with every kind of list and map that ownership distinguishes. */
import type { FieldSchema, ObjectSchema, Schema } from '../../../src/machinery/schema.ts';

type Options = Partial<Omit<FieldSchema, 'name' | 'schema'>>;

export function field(name: string, schema: Schema, options: Options = {}): FieldSchema {
  return { name, schema, ...options };
}

export function struct(...fields: FieldSchema[]): ObjectSchema {
  return { type: 'object', fields: new Map(fields.map((entry) => [entry.name, entry])) };
}

export const string: Schema = { type: 'string' };
export const number: Schema = { type: 'int32' };
export const stringMap: Schema = { type: 'map', values: string };

const metadata = struct(
  field('name', string),
  field('namespace', string),
  field('uid', string),
  field('resourceVersion', string),
  field('labels', stringMap),
  field('annotations', stringMap),
  field('finalizers', { type: 'array', items: string, listType: 'set' }),
  field('managedFields', { type: 'array', items: { type: 'json' } }),
);

const port = struct(
  field('port', number, { always: true }),
  field('protocol', string, { default: 'TCP' }),
  field('name', string),
);
const item = struct(
  field('name', string, { always: true, zeroDefault: true }),
  field('value', string),
  field('args', { type: 'array', items: string }),
  field('resources', struct(field('limits', { type: 'map', values: { type: 'quantity' } })), { always: true }),
  field('ports', { type: 'array', items: port, listType: 'map', listMapKeys: ['port', 'protocol'] }),
);

/** `spec` is a plain struct, as in built-in types: always there. */
export const thing: ObjectSchema = struct(
  field('apiVersion', string),
  field('kind', string),
  field('metadata', metadata, { always: true }),
  field(
    'spec',
    struct(
      field('replicas', number, { pointer: true }),
      field(
        'items',
        { type: 'array', items: item, listType: 'map', listMapKeys: ['name'] },
        { always: true, nullOut: true },
      ),
      field('selector', { type: 'map', values: string, mapType: 'atomic' }),
      field('free', { type: 'any' }),
      field('strategy', struct(field('type', string)), { pointer: true }),
    ),
    { always: true },
  ),
  field('data', stringMap),
  field('status', struct(field('phase', string)), { always: true }),
);
