import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type CelCompileOptions,
  type CelType,
  celTypeOfSchema,
  compileCel,
  dynType,
  intType,
  mapOf,
  stringType,
  type TypedSchema,
  typeText,
} from '../../../src/machinery/cel/index.ts';
import { show } from './show.ts';

/** What cel-go 0.26 with the environment of Kubernetes 1.36 makes of an expression. */
interface Case {
  expr: string;
  errors?: string;
  program?: string;
  type?: string;
  estimate?: [number, number];
  value?: string;
  fault?: string;
  cost?: number;
}

interface Cases {
  data: Record<string, unknown>;
  schema: TypedSchema;
  object: Record<string, unknown>;
  dynamic: Case[];
  typed: Case[];
  syntax: Case[];
  /** Of values of all kinds of schemas. */
  roots: (Case & { schema: TypedSchema; data: unknown })[];
}

const cases = JSON.parse(readFileSync(new URL('cases.json', import.meta.url), 'utf8')) as Cases;

/** Maps print in any order. */
const sorted = (text: string): string => [...text].sort().join('');

/** Values that only their library can print. */
const opaque = new Set(["quantity('5').sub(quantity('7'))", "cidr('192.168.0.1/24').masked()"]);

function outcome(expr: string, options: CelCompileOptions, bindings: Record<string, unknown>): Case {
  const compiled = compileCel(expr, options);
  if (!compiled.ok) {
    return compiled.error.kind === 'program'
      ? { expr, program: compiled.error.message }
      : { expr, errors: compiled.error.message };
  }
  const { program } = compiled;
  const { min, max } = program.estimateCost();
  const result = program.evaluate(bindings);
  const facts = { expr, type: typeText(program.type), estimate: [min, max] as [number, number] };
  return result.ok
    ? { ...facts, value: show(result.value), cost: result.cost }
    : { ...facts, fault: result.error.message };
}

function agree(got: Case, want: Case): void {
  const exact = ({ estimate: _estimate, value, ...rest }: Case) => ({ ...rest, value: value && sorted(value) });
  const skipped = opaque.has(want.expr) ? { value: got.value } : {};
  expect(exact(got)).toEqual(exact({ ...want, ...skipped } as Case));
  want.estimate?.forEach((bound, index) => {
    // Beyond 2^53 the numbers are only near.
    expect(Math.abs((got.estimate?.[index] as number) - bound)).toBeLessThanOrEqual(bound * 1e-9);
  });
}

describe('expressions over values without a schema', () => {
  const variables = [
    { name: 'self', type: dynType },
    { name: 'oldSelf', type: dynType },
    { name: 'm', type: mapOf(stringType, intType) },
  ];
  const bindings = { self: cases.data, oldSelf: cases.data, m: cases.data.m };
  it.each(cases.dynamic.map((one) => [one.expr, one] as const))('%s', (expr, want) => {
    agree(outcome(expr, { variables }, bindings), want);
  });
});

describe('expressions over a schema', () => {
  const type = celTypeOfSchema(cases.schema, { resource: true }) as CelType;
  const variables = [
    { name: 'self', type },
    { name: 'oldSelf', type },
  ];
  it.each(cases.typed.map((one) => [one.expr, one] as const))('%s', (expr, want) => {
    agree(outcome(expr, { variables }, { self: cases.object, oldSelf: cases.object }), want);
  });
});

describe('expressions over values of one schema', () => {
  it.each(cases.roots.map((one) => [one.expr, one] as const))('%s', (expr, { schema, data, ...want }) => {
    const type = celTypeOfSchema(schema) as CelType;
    const variables = [
      { name: 'self', type },
      { name: 'oldSelf', type },
    ];
    agree(outcome(expr, { variables }, { self: data, oldSelf: data }), want);
  });
});

describe('texts that are no expressions', () => {
  it.each(cases.syntax.map((one) => [one.expr, one] as const))('%s', (expr, want) => {
    const variables = [{ name: 'self', type: dynType }];
    expect(outcome(expr, { variables }, {}).errors).toBe(want.errors);
  });
});
