import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileRegexp, type Regexp, RegexpLimitError } from '../../../src/machinery/regexp/index.ts';

interface Recorded {
  expression: string;
  error?: string;
  /** All matches that do not overlap, by text. */
  matches?: Record<string, string[]>;
}

/** What Go's regexp package answers. */
const recorded = JSON.parse(readFileSync(new URL('./upstream-matches.json', import.meta.url), 'utf8')) as Recorded[];

function compile(source: string): Regexp {
  const compiled = compileRegexp(source);
  if (!compiled.ok) throw new Error(compiled.error);
  return compiled.regexp;
}

describe('compileRegexp', () => {
  it.each(recorded.filter(({ error }) => error !== undefined))(
    'refuses $expression as Go does',
    ({ expression, error }) => {
      expect(compileRegexp(expression)).toEqual({ ok: false, error });
    },
  );

  it.each(recorded.filter(({ matches }) => matches !== undefined))('finds what Go finds for $expression', (one) => {
    const regexp = compile(one.expression);
    for (const [text, matches] of Object.entries(one.matches ?? {})) {
      expect(regexp.findAll(text, -1), JSON.stringify(text)).toEqual(matches);
      expect(regexp.find(text), JSON.stringify(text)).toBe(matches[0]);
      expect(regexp.test(text), JSON.stringify(text)).toBe(matches.length > 0);
    }
  });

  it('finds at most as many as are asked for', () => {
    expect(compile('a').findAll('aaa', 2)).toEqual(['a', 'a']);
    expect(compile('a').findAll('aaa', 0)).toEqual([]);
  });

  it('is not led into trying alternatives again and again', () => {
    const text = `${'a'.repeat(200_000)}b`;
    expect(compile('^(a+)+$').test(text)).toBe(false);
    expect(compile('^(a|a)*$').find(text)).toBeUndefined();
    expect(compile('(?:a?){500}c').test('a'.repeat(2_000))).toBe(false);
  });

  it('gives up what is linear and still too much', () => {
    const states = Array.from({ length: 100 }, (_, index) => `(?:${String.fromCharCode(97 + (index % 26))}.){999}`);
    expect(() => compile(`(?:${states.join('|')})\\b`).find('abcdefgh'.repeat(100_000))).toThrow(RegexpLimitError);
  }, 30_000);

  it('agrees with itself whichever way it searches', () => {
    const source = fc.stringMatching(/^[ab.()|*+?^$[\]]{0,10}$/);
    fc.assert(
      fc.property(source, fc.stringMatching(/^[abc]{0,12}$/), (expression, text) => {
        const compiled = compileRegexp(expression);
        if (!compiled.ok) return;
        expect(compiled.regexp.test(text)).toBe(compiled.regexp.find(text) !== undefined);
      }),
      { numRuns: 500, seed: 5 },
    );
  });

  it('compiles or refuses any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (text) => {
        const compiled = compileRegexp(text);
        if (compiled.ok) compiled.regexp.test(text);
        else expect(compiled.error).toMatch(/^error parsing regexp: /);
      }),
      { numRuns: 500, seed: 6 },
    );
  });
});
