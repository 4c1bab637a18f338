import { describe, expect, it } from 'vitest';
import { allKinds } from '../../src/kinds/index.ts';
import { decodeObject } from '../../src/machinery/fields/index.ts';
import type { Strategy } from '../../src/machinery/kind.ts';
import type { KubeObject } from '../../src/machinery/meta.ts';
import type { Schema } from '../../src/machinery/schema.ts';
import { type FieldError, StatusError } from '../../src/machinery/status.ts';
import { createSeededRandom } from '../support/seeded-random.ts';
import { strategyContext } from '../support/strategy-context.ts';

const context = strategyContext({
  now: Date.parse('2026-01-01T00:00:00Z'),
  namespace: 'default',
  uuid: () => '6a0b2c1e-0000-4000-8000-000000000001',
});

/** What a preparation refuses, which some do before anything is validated. */
function refusals(prepare: () => void): FieldError[] {
  try {
    prepare();
    return [];
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return [{ type: 'FieldValueInvalid', field: '', message: error.message }];
  }
}

const TEXTS = [
  '',
  'a',
  'a.example.com',
  'Bad_',
  'x/y',
  'a/b/c',
  '*',
  '10.0.0.1',
  '::1/64',
  'True',
  'Exempt',
  'All',
  '{}',
];
const MAX_DEPTH = 9;

/** A value that decodes as the schema says and means little: any field may be absent, empty or odd. */
function someValue(schema: Schema, pick: (count: number) => number, depth = 0): unknown {
  const next = (inner: Schema): unknown => someValue(inner, pick, depth + 1);
  switch (schema.type) {
    case 'object': {
      const fields = depth > MAX_DEPTH ? [] : [...schema.fields.values()].filter(() => pick(3) > 0);
      return Object.fromEntries(fields.map((field) => [field.name, pick(12) === 0 ? null : next(field.schema)]));
    }
    case 'array':
      return depth > MAX_DEPTH ? [] : Array.from({ length: pick(4) }, () => next(schema.items));
    case 'map':
      return Object.fromEntries(
        Array.from({ length: pick(3) }, () => [TEXTS[pick(TEXTS.length)], next(schema.values)]),
      );
    case 'bool':
      return pick(2) === 0;
    case 'int32':
    case 'int64':
    case 'float64':
      return [-1, 0, 1, 7, 70_000][pick(5)];
    case 'quantity':
      return ['-1', '0', '1', '10Gi'][pick(4)];
    case 'intOrString':
      return [-1, 0, 80, 'http', '50%'][pick(5)];
    case 'time':
      return '2026-01-01T00:00:00Z';
    case 'microTime':
      return '2026-01-01T00:00:00.000000Z';
    case 'duration':
      return '1s';
    case 'byte':
      return btoa(TEXTS[pick(TEXTS.length)]!);
    case 'string':
      return TEXTS[pick(TEXTS.length)];
    default:
      return {};
  }
}

describe.each(allKinds.filter(({ stored }) => stored).map((kind) => [`${kind.group}/${kind.resource}`, kind] as const))(
  'the validation of %s',
  (name, kind) => {
    it('has an answer to every object that decodes', () => {
      const random = createSeededRandom(name.length * 7919);
      const pick = (count: number): number => Math.floor(random.next() * count);
      const make = (): KubeObject => {
        const value = { ...(someValue(kind.schema, pick) as object), metadata: { name: 'a', namespace: 'default' } };
        const { object } = decodeObject<KubeObject>(kind.schema, value as KubeObject);
        kind.defaults?.(object);
        return object;
      };
      const strategies = [kind.strategy, kind.statusStrategy, ...kind.subresources.map(({ strategy }) => strategy)];
      for (let round = 0; round < 60; round++) {
        const [object, old] = [make(), make()];
        const findings = refusals(() => kind.strategy.prepareForCreate?.(object, context));
        findings.push(...(kind.strategy.validateCreate?.(object, context) ?? []));
        kind.strategy.warningsOnCreate?.(object, context);
        for (const strategy of strategies as (Strategy | undefined)[]) {
          const changed = make();
          findings.push(...refusals(() => strategy?.prepareForUpdate?.(changed, old, context)));
          findings.push(...(strategy?.validateUpdate?.(changed, old, context) ?? []));
          strategy?.warningsOnUpdate?.(changed, old, context);
        }
        // Only a missing value that was printed by mistake counts; one message of upstream has the word.
        for (const { field, message } of findings)
          expect(`${field}: ${message.replace('must be true or undefined', '')}`).not.toMatch(/undefined|\[object/);
      }
    });
  },
);
