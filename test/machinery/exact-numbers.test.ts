import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactNumber, parseJson, parseLiterals, withoutLiterals } from '../../src/machinery/exact-numbers.ts';

const FIRST_LOST = 2n ** 53n + 1n;
const MAX = 2n ** 63n - 1n;

describe('exact numbers', () => {
  it.each([
    ['0', 0],
    ['-7', -7],
    ['1.5', 1.5],
    ['1e3', 1000],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['9007199254740993', FIRST_LOST],
    ['9223372036854775807', MAX],
    ['-9223372036854775808', -MAX - 1n],
    ['9223372036854775808', 2 ** 63],
    ['9007199254740993.0', 9007199254740992],
  ])('%s is %s', (source, value) => {
    expect(exactNumber(source)).toBe(value);
    expect(parseJson(`{"a":[${source}]}`)).toEqual({ a: [value] });
  });

  it('prints what it read, at any depth and beside any white space', () => {
    const text =
      '{"a":9007199254740993,"b":[-9223372036854775808,{"c":"9007199254740993"}],"__proto__":9007199254740995}';
    expect(JSON.stringify(parseJson(text))).toBe(text);
    expect(parseJson('{"a" :\n 9007199254740993}')).toEqual({ a: FIRST_LOST });
    expect(parseJson(' 9007199254740993')).toBe(FIRST_LOST);
  });

  it('reads and prints every integer of 64 bits, alone and among others', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt(-MAX - 1n, MAX)), (integers) => {
        const text = `{"list":[${integers.join(',')}]}`;
        expect(JSON.stringify(parseJson(text))).toBe(text);
      }),
      { seed: 7 },
    );
  });

  it('means what JSON.parse means, wherever that keeps all digits', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(parseJson(text)).toEqual(JSON.parse(text));
        expect(withoutLiterals(parseLiterals(text))).toEqual(JSON.parse(text));
      }),
      { seed: 7 },
    );
  });

  it.each([
    ['{"a":"x, 9007199254740993, \\", 1.5]","b":9007199254740993}'],
    ['{"a\\\\":9007199254740993,"b\\\\\\"":"[9007199254740995]"}'],
    ['{"\ue000":"\ue0001.0","a":9007199254740993}'],
    ['{"a":"\\ue0009007199254740993","b":[9007199254740993]}'],
    ['[[9007199254740993],[[9007199254740995,9007199254740997]]]'],
  ])('takes no text for a number in %s', (text) => {
    const same = JSON.stringify(JSON.parse(text.replaceAll('9007199254', '')));
    expect(JSON.stringify(parseJson(text)).replaceAll('9007199254', '')).toBe(same);
    expect(JSON.stringify(parseLiterals(text)).replaceAll('9007199254', '')).toBe(same);
    expect(JSON.stringify(parseJson(text))).toContain('99254740993');
  });

  it.each(['', '{', '[1.5', '{"a":1.5,2.5 :3}', '[01.5]', '[9007199254740993,]', '{"a":9007199254740993 "b":1}'])(
    'refuses %s as JSON.parse does',
    (text) => {
      expect(() => parseJson(text)).toThrow(SyntaxError);
      expect(() => parseLiterals(text)).toThrow(SyntaxError);
    },
  );

  it('keeps the spelling of literals, and of no small integer', () => {
    const text = '{"a":1.0,"b":1E2,"c":9223372036854775808,"d":12}';
    const parsed = parseLiterals(text) as Record<string, unknown>;
    expect(JSON.stringify(parsed)).toBe(text);
    expect(parsed.d).toBe(12);
    expect(withoutLiterals(parsed)).toEqual({ a: 1, b: 100, c: 2 ** 63, d: 12 });
  });
});
