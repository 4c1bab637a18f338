/** Random values that follow a schema, for property tests and fuzzers. */
import fc from 'fast-check';
import type { ObjectSchema, Schema } from '../../src/machinery/schema.ts';

/** Values of a schema in the form that Go would write, few levels deep. */
export function valuesOf(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  switch (schema.type) {
    case 'object':
      return objectsOf(schema, depth);
    case 'array':
      return depth <= 0 ? fc.constant([]) : fc.array(valuesOf(schema.items, depth - 1), { maxLength: 2 });
    case 'map':
      return depth <= 0
        ? fc.constant({})
        : fc.dictionary(fc.string({ minLength: 1, maxLength: 6 }), valuesOf(schema.values, depth - 1), { maxKeys: 2 });
    case 'string':
      return fc.string();
    case 'bool':
      return fc.boolean();
    case 'int32':
      return fc.integer();
    case 'int64':
      return fc.maxSafeInteger();
    case 'float64':
      return fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value));
    case 'byte':
      return fc.uint8Array().map((bytes) => btoa(String.fromCharCode(...bytes)));
    case 'time':
      return fc.constantFrom('2026-01-02T03:04:05Z', '1969-12-31T23:59:58Z');
    case 'microTime':
      return fc.constantFrom('2026-01-02T03:04:05.000006Z', '2026-01-02T03:04:05.120000Z');
    case 'duration':
      return fc.constantFrom('1h2m3s', '1.5s', '250ms', '0s');
    case 'quantity':
      return fc.constantFrom('0', '100m', '1Gi', '3', '12e6');
    case 'intOrString':
      return fc.oneof(fc.integer(), fc.string());
    case 'fieldsV1':
    case 'rawExtension':
      return fc.constantFrom({ 'f:a': {} }, { kind: 'X', list: [1, 'é'] });
    case 'json':
      return fc.constantFrom(1, 'é', [true], { a: 'b' });
    case 'any':
      return schema.oneOf ? valuesOf(schema.oneOf[0] as Schema, depth) : fc.constant('x');
  }
}

/** Objects of a schema with some of their fields, the required ones where `depth` ends. */
export function objectsOf(schema: ObjectSchema, depth: number): fc.Arbitrary<Record<string, unknown>> {
  const entries = [...schema.fields.values()].filter(
    (field) => field.proto !== undefined && (depth > 0 || field.required),
  );
  return fc
    .subarray(entries, { maxLength: Math.min(6, entries.length) })
    .chain((chosen) =>
      fc.record(Object.fromEntries(chosen.map((field) => [field.name, valuesOf(field.schema, depth - 1)]))),
    );
}
