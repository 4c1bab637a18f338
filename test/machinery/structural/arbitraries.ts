/** Random schemas, structural or not, and values that fit them more or less. */
import fc from 'fast-check';
import type { JSONSchemaProps } from '../../../src/machinery/structural/index.ts';

const plain = { noNullPrototype: true } as const;
const NAMES = ['a', 'b', 'c', 'metadata', 'kind', 'x.y', '__proto__', 'constructor'];

export const name = fc.constantFrom(...NAMES);

export const json: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  json: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom<unknown>(null, true, false, 0, 1, -1, 1.5, 1e21, '', 'a', '10s', '2020-01-01'),
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(name, tie('json'), { maxKeys: 3, ...plain }),
  ),
})).json;

const scalarRules = fc.record(
  {
    minLength: fc.nat(3),
    maxLength: fc.nat(3),
    minimum: fc.integer({ min: -2, max: 2 }),
    maximum: fc.double({ min: -2, max: 2, noNaN: true }),
    multipleOf: fc.constantFrom(1, 2, 0.5),
    pattern: fc.constantFrom('^a', 'b$', '[a-z]+', '('),
    format: fc.constantFrom('date', 'date-time', 'duration', 'ipv4', 'int32', 'byte', 'nothing'),
    maxItems: fc.nat(2),
    maxProperties: fc.nat(2),
    enum: fc.array(json as fc.Arbitrary<never>, { minLength: 1, maxLength: 2 }),
    nullable: fc.boolean(),
    required: fc.array(name, { maxLength: 2 }),
  },
  { requiredKeys: [], ...plain },
);

const scalar: fc.Arbitrary<JSONSchemaProps> = fc
  .tuple(fc.constantFrom('string', 'integer', 'number', 'boolean'), scalarRules)
  .map(([type, rules]) => ({ type, ...rules }));

/** Schemas that are structural in the main, with defaults that need not fit. */
export const schema: fc.Arbitrary<JSONSchemaProps> = fc.letrec<{ schema: JSONSchemaProps }>((tie) => {
  const inner = tie('schema');
  const object = fc.record(
    { type: fc.constant('object'), properties: fc.dictionary(name, inner, { maxKeys: 3, ...plain }) },
    plain,
  );
  const flags = fc.record(
    {
      'x-kubernetes-preserve-unknown-fields': fc.constant(true),
      'x-kubernetes-embedded-resource': fc.constant(true),
      default: json as fc.Arbitrary<never>,
      anyOf: fc.array(scalarRules, { minLength: 1, maxLength: 2 }),
      not: scalarRules,
    },
    { requiredKeys: [], ...plain },
  );
  const map = inner.map((additionalProperties) => ({ type: 'object', additionalProperties }));
  const list = fc
    .tuple(inner, fc.constantFrom<string | undefined>(undefined, 'set', 'map', 'atomic'))
    .map(([items, listType]) => ({
      type: 'array',
      items,
      ...(listType ? { 'x-kubernetes-list-type': listType } : {}),
      ...(listType === 'map' ? { 'x-kubernetes-list-map-keys': ['a'] } : {}),
    }));
  const node = fc.oneof(
    { maxDepth: 3 },
    scalar,
    object,
    map,
    list,
    fc.constant({ 'x-kubernetes-int-or-string': true }),
  );
  return { schema: fc.tuple(node, flags).map(([one, more]) => ({ ...one, ...more }) as JSONSchemaProps) };
}).schema;

/** Schemas of whole objects. */
export const rootSchema: fc.Arbitrary<JSONSchemaProps> = fc
  .dictionary(fc.constantFrom('spec', 'status', 'other'), schema, { maxKeys: 3, ...plain })
  .map((properties) => ({ type: 'object', properties }));
