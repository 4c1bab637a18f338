import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { customResourceDefinitions } from '../../../src/kinds/apiextensions/v1/custom-resource-definition.ts';
import type { CustomResourceDefinition } from '../../../src/kinds/generated/types/apiextensions-v1.ts';
import { decodeObject } from '../../../src/machinery/fields/index.ts';
import type { StrategyContext } from '../../../src/machinery/kind.ts';
import type { FieldError } from '../../../src/machinery/status.ts';

/** One definition, made or changed, and what apiextensions-apiserver 1.36 says of it besides its metadata. */
interface Recorded {
  definition: CustomResourceDefinition;
  old?: CustomResourceDefinition;
  errors: FieldError[];
  warnings: string[];
}

const recorded = JSON.parse(
  readFileSync(new URL('./upstream-definitions.json', import.meta.url), 'utf8'),
) as Recorded[];

const { schema, strategy, defaults } = customResourceDefinitions;

function load(given: CustomResourceDefinition): CustomResourceDefinition {
  const { object } = decodeObject<CustomResourceDefinition>(schema, structuredClone(given));
  defaults?.(object);
  return object;
}

const lines = (errors: readonly FieldError[]): string[] =>
  errors
    .map(({ type, field, message }) => `${field}: ${type}: ${message}`.replaceAll(/selfType\d*/g, 'selfType'))
    .sort();

describe('definitions of custom resources', () => {
  it.each(recorded.map((one, index) => [index, one] as const))('are judged as upstream does, case %i', (_, one) => {
    const context = { now: 0 } as StrategyContext;
    const definition = load(one.definition);
    const old = one.old && load(one.old);
    if (old) strategy.prepareForUpdate?.(definition, old, context);
    else strategy.prepareForCreate?.(definition, context);
    const errors = old
      ? strategy.validateUpdate?.(definition, old, context)
      : strategy.validateCreate?.(definition, context);
    const warnings = old
      ? strategy.warningsOnUpdate?.(definition, old, context)
      : strategy.warningsOnCreate?.(definition, context);
    expect(lines(errors ?? [])).toEqual(lines(one.errors));
    expect([...(warnings ?? [])].sort()).toEqual([...one.warnings].sort());
  });
});
