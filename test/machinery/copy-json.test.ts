import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copyJson } from '../../src/machinery/copy-json.ts';

describe('copyJson', () => {
  it('copies as printing and parsing would', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const normal: unknown = JSON.parse(JSON.stringify(value));
        expect(copyJson(normal)).toEqual(normal);
      }),
      { numRuns: 300, seed: 5 },
    );
    const odd = { a: undefined, b: [undefined, Number.POSITIVE_INFINITY], c: Number.NaN };
    expect(copyJson(odd)).toStrictEqual(JSON.parse(JSON.stringify(odd)));
  });

  it('shares nothing with what it copied', () => {
    const value = { list: [{ a: 1 }], map: { b: {} } };
    const copy = copyJson(value);
    copy.list[0]!.a = 2;
    Object.assign(copy.map.b, { c: 1 });
    expect(value).toEqual({ list: [{ a: 1 }], map: { b: {} } });
  });

  it('keeps a member named __proto__ a member', () => {
    const copy = copyJson(JSON.parse('{"__proto__":{"admin":true}}')) as object;
    expect(Object.hasOwn(copy, '__proto__')).toBe(true);
    expect((copy as { admin?: boolean }).admin).toBeUndefined();
  });
});
