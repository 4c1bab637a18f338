/** Texts that make a careless pattern or loop take forever: each is judged soon, and by the same rule as a short one. */
import { describe, expect, it } from 'vitest';
import { pemBlocks } from '../../src/kinds/certificates/v1/pem.ts';
import { compileJsonPath } from '../../src/machinery/json-path.ts';
import { canonicalQuantity, isQuantity } from '../../src/machinery/quantity.ts';

const MANY = 1_000_000;

describe('long quantities', () => {
  it.each([
    ['digits', `${'9'.repeat(MANY)}!`, false],
    ['zeros', `${'0'.repeat(9_000)}!`, false],
    ['dots and digits', `${'0'.repeat(4_000)}.${'1'.repeat(4_000)}.`, false],
    ['letters', 'E'.repeat(9_000), false],
    ['zeros in front', `${'0'.repeat(9_000)}1`, true],
  ])('%s', (_what, text, fits) => {
    expect(isQuantity(text)).toBe(fits);
  });

  it('lose their zeros at once', () => {
    expect(canonicalQuantity(`1${'0'.repeat(9_000)}`)).toBe('1e9000');
    expect(canonicalQuantity(`${'7'.repeat(60)}000`)).toBe(`${'7'.repeat(60)}k`);
  });
});

describe('PEM', () => {
  const block = (type: string, body = 'AAAA'): string => `-----BEGIN ${type}-----\n${body}\n-----END ${type}-----\n`;
  const types = (text: string): string[] => pemBlocks(text).map(({ type }) => type);

  it('comes in blocks with text between them', () => {
    expect(types(`hello\n${block('A')}between\n${block('B')}`)).toEqual(['A', 'B']);
    expect(types(block('A').replaceAll('\n', '\r\n'))).toEqual(['A']);
    expect(types(block('A').trimEnd())).toEqual(['A']);
  });

  it('ends a block by its own name only', () => {
    expect(types(`-----BEGIN A-----\nAAAA\n-----END B-----\n${block('C')}`)).toEqual(['C']);
    expect(types(`-----BEGIN A-----\nAAAA\n${block('C')}`)).toEqual(['C']);
    expect(types('-----BEGIN A-----\nAAAA\n')).toEqual([]);
    expect(types(block('A', '!!!'))).toEqual([]);
  });

  it('has headers before its body, and may be empty', () => {
    const [first] = pemBlocks(block('A', 'k: v\n\nAAAA'));
    expect(first).toMatchObject({ hasHeaders: true, bytes: new Uint8Array(3) });
    expect(pemBlocks('-----BEGIN A-----\n-----END A-----\n')).toMatchObject([{ bytes: new Uint8Array() }]);
  });

  it.each([
    '-----BEGIN ----- ',
    '-----BEGIN A-----\n',
    '-----BEGIN A-----\na:\n',
    '-----BEGIN A-----\n-----END B-----\n',
  ])('%j very often is looked through soon', (text) => {
    expect(pemBlocks(text.repeat(40_000))).toEqual([]);
  });
});

describe('JSON paths', () => {
  it.each([`{.a['${'\\x'.repeat(40)}]}`, `{.a[?(@.b${'\t'.repeat(5_000)}=${'\t'.repeat(5_000)})]}`])(
    '%# of nothing but traps are judged soon',
    (text) => {
      expect(compileJsonPath(text)).toBeUndefined();
    },
  );
});
