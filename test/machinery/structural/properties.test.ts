import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { objectSchema } from '../../../src/kinds/schema.ts';
import { DecodeError } from '../../../src/machinery/fields/index.ts';
import type { KubeObject } from '../../../src/machinery/meta.ts';
import {
  type CustomSchema,
  compileStructural,
  type JSONSchemaProps,
  schemaErrors,
} from '../../../src/machinery/structural/index.ts';
import { json, rootSchema, schema } from './arbitraries.ts';

const RUNS = { numRuns: 300, seed: 11 };
const metadata = objectSchema('meta/v1.ObjectMeta');

const compile = (props: JSONSchemaProps): CustomSchema =>
  compileStructural(props, { group: 'g.example.com', version: 'v1', kind: 'W', namespaced: true, metadata });

const resource = fc
  .record({ spec: json, status: json, other: json }, { requiredKeys: [], noNullPrototype: true })
  .map((fields) => ({ apiVersion: 'g.example.com/v1', kind: 'W', metadata: { name: 'w' }, ...fields }));

/** A decoded object with its defaults; undefined for what does not decode. */
function load(compiled: CustomSchema, given: unknown): { object: KubeObject; unknown: string[] } | undefined {
  try {
    const decoded = compiled.decode(structuredClone(given));
    compiled.applyDefaults(decoded.object);
    return decoded;
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError);
    return undefined;
  }
}

describe('structural schemas', () => {
  it('leave nothing to prune once an object is pruned', () => {
    fc.assert(
      fc.property(rootSchema, resource, (props, given) => {
        const compiled = compile(props);
        let once: KubeObject;
        try {
          once = compiled.decode(structuredClone(given)).object;
        } catch {
          return;
        }
        const twice = compiled.decode(structuredClone(once));
        expect(twice.unknown).toEqual([]);
        expect(twice.object).toEqual(once);
      }),
      RUNS,
    );
  });

  it('default an object once and for all', () => {
    fc.assert(
      fc.property(rootSchema, resource, (props, given) => {
        const compiled = compile(props);
        const object = load(compiled, given)?.object;
        if (object === undefined) return;
        const again = structuredClone(object);
        compiled.applyDefaults(again);
        expect(again).toEqual(object);
      }),
      RUNS,
    );
  });

  it('judge the same object the same way, and change none', () => {
    fc.assert(
      fc.property(rootSchema, resource, (props, given) => {
        const compiled = compile(props);
        const object = load(compiled, given)?.object;
        if (object === undefined) return;
        const before = structuredClone(object);
        const errors = compiled.validateCreate(object);
        expect(object).toEqual(before);
        expect(compiled.validateCreate(object)).toEqual(errors);
      }),
      RUNS,
    );
  });

  it('let an update pass that changes nothing of what was told apart and valid', () => {
    fc.assert(
      fc.property(rootSchema, resource, resource, (props, first, second) => {
        const compiled = compile(props);
        const object = load(compiled, first)?.object;
        const old = load(compiled, second)?.object;
        if (object === undefined || old === undefined) return;
        const created = new Set(compiled.validateCreate(object).map((error) => JSON.stringify(error)));
        // An update never finds what a creation would not.
        for (const error of compiled.validateUpdate(object, old)) expect(created).toContain(JSON.stringify(error));
      }),
      RUNS,
    );
  });

  it('read what storage holds, whatever it is', () => {
    fc.assert(
      fc.property(rootSchema, resource, json, (props, given, odd) => {
        const compiled = compile(props);
        const stored = { ...given, metadata: odd } as unknown as KubeObject;
        const { metadata: read } = compiled.fromStorage(structuredClone(stored));
        expect(compile({ type: 'object' }).decode({ metadata: read }).object.metadata).toEqual(read);
      }),
      RUNS,
    );
  });

  it('say of any schema whether it may stand in a definition', () => {
    fc.assert(
      fc.property(fc.oneof(schema, json as fc.Arbitrary<JSONSchemaProps>), fc.boolean(), (props, status) => {
        if (typeof props !== 'object' || props === null || Array.isArray(props)) return;
        const options = { metadata, status, requireStructural: true, requirePrunedDefaults: true, unchanged: false };
        const rules = { requireValidPropertyType: true, requireAtomicSetType: true, requireMapListKeys: true };
        for (const error of schemaErrors(props, 'spec.validation', { ...options, ...rules }))
          expect(error.field).toMatch(/^spec\.validation/);
      }),
      RUNS,
    );
  });
});

describe('hostile input', () => {
  const deep = (depth: number): unknown => {
    let value: unknown = 1;
    for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
    return value;
  };

  it('answers values that are nested too deep', () => {
    const open = compile({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true });
    const object = { apiVersion: 'g.example.com/v1', kind: 'W', metadata: { name: 'w' }, spec: deep(50_000) };
    const decoded = open.decode(object).object;
    expect(Array.isArray(open.validateCreate(decoded))).toBe(true);
    const closed = compile({ type: 'object', properties: { spec: { type: 'array' } } });
    let nested: unknown = [];
    for (let i = 0; i < 50_000; i++) nested = [nested];
    expect(() => closed.decode({ ...object, spec: nested })).toThrow(new DecodeError('exceeded max depth'));
  });

  it('gives up a schema that makes an object too expensive to check', () => {
    const many: JSONSchemaProps[] = Array.from({ length: 2_000 }, () => ({ minLength: 1, pattern: '^b' }));
    const items: JSONSchemaProps = { type: 'string', anyOf: many };
    const compiled = compile({ type: 'object', properties: { spec: { type: 'array', items } } });
    const spec = Array.from({ length: 20_000 }, () => 'aaaa');
    const object = { apiVersion: 'g.example.com/v1', kind: 'W', metadata: { name: 'w' }, spec };
    expect(compiled.validateCreate(object)).toEqual([
      expect.objectContaining({ message: expect.stringContaining('too expensive to validate') }),
    ]);
  }, 30_000);

  it('refuses objects that defaults would make huge', () => {
    const items: JSONSchemaProps = {
      type: 'object',
      properties: { a: { type: 'array', default: ['x'.repeat(10_000)] } },
    };
    const compiled = compile({ type: 'object', properties: { spec: { type: 'array', items } } });
    const spec = Array.from({ length: 10_000 }, () => ({}));
    const { object } = compiled.decode({ apiVersion: 'v', kind: 'W', metadata: {}, spec });
    expect(() => compiled.applyDefaults(object)).toThrow(/defaults add more than/);
  });

  it('does not list more faults than anybody reads', () => {
    const supported = ['x'.repeat(10_000)];
    const items: JSONSchemaProps = { type: 'string', enum: supported };
    const compiled = compile({ type: 'object', properties: { spec: { type: 'array', items } } });
    const spec = Array.from({ length: 10_000 }, () => 'y');
    const errors = compiled.validateCreate({
      apiVersion: 'g.example.com/v1',
      kind: 'W',
      metadata: { name: 'w' },
      spec,
    });
    expect(errors.length).toBeLessThan(1_000);
  });

  it('does not take names of every object for properties', () => {
    const compiled = compile({
      type: 'object',
      properties: { spec: { type: 'object', properties: { a: { type: 'string' } } } },
    });
    const spec = JSON.parse('{"__proto__": {"a": 1}, "constructor": 1, "toString": "x", "a": "b"}');
    const { object, unknown } = compiled.decode({ apiVersion: 'v', kind: 'W', metadata: {}, spec });
    expect(object.spec).toEqual({ a: 'b' });
    expect(unknown).toEqual(['spec.__proto__', 'spec.constructor', 'spec.toString']);
  });
});
