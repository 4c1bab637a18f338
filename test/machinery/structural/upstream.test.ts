import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { objectSchema } from '../../../src/kinds/schema.ts';
import type { KubeObject } from '../../../src/machinery/meta.ts';
import type { FieldError } from '../../../src/machinery/status.ts';
import { compileStructural, type JSONSchemaProps } from '../../../src/machinery/structural/index.ts';

/** One object under one schema, and what apiextensions-apiserver 1.36 makes of it. */
interface Recorded {
  schema: JSONSchemaProps;
  as: 'create' | 'update' | 'status';
  object: KubeObject;
  old?: KubeObject;
  unknown: string[];
  decoded: KubeObject;
  errors: FieldError[];
}

const recorded = JSON.parse(readFileSync(new URL('./upstream-objects.json', import.meta.url), 'utf8')) as Recorded[];

const options = {
  group: 'g.example.com',
  version: 'v1',
  kind: 'W',
  namespaced: true,
  metadata: objectSchema('meta/v1.ObjectMeta'),
};

const lines = (errors: readonly FieldError[]): string[] =>
  errors
    .map(({ type, field, message }) => `${field}: ${type}: ${message}`.replaceAll(/selfType\d*/g, 'selfType'))
    .sort();

describe('custom resources under their schema', () => {
  it.each(recorded.map((one, index) => [index, one] as const))('answer as upstream does, case %i', (_, one) => {
    const schema = compileStructural(one.schema, options);
    const load = (given: KubeObject): { object: KubeObject; unknown: string[] } => {
      const decoded = schema.decode(structuredClone(given));
      schema.applyDefaults(decoded.object);
      return decoded;
    };
    const { object, unknown } = load(one.object);
    expect(object).toEqual(one.decoded);
    expect([...unknown].sort()).toEqual([...one.unknown].sort());
    const old = one.old && load(one.old).object;
    const errors = (): FieldError[] => {
      if (old === undefined) return schema.validateCreate(object);
      return one.as === 'status' ? schema.validateStatusUpdate(object, old) : schema.validateUpdate(object, old);
    };
    expect(lines(errors())).toEqual(lines(one.errors));
  });

  it('tell the first error of metadata by the name of its field', () => {
    const schema = compileStructural({ type: 'object' }, options);
    const metadata = { name: 5, generateName: 5, annotations: { a: {} }, creationTimestamp: 5 };
    expect(() => schema.decode({ apiVersion: 'g.example.com/v1', kind: 'W', metadata })).toThrow(
      'json: cannot unmarshal object into Go struct field ObjectMeta.annotations of type string',
    );
  });
});
