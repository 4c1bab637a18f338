import { describe, expect, it } from 'vitest';
import { quote } from '../../src/machinery/quote.ts';

describe('quote', () => {
  // What strconv.Quote gives.
  it.each([
    ['plain', '"plain"'],
    ['', '""'],
    ['a"b\\c', String.raw`"a\"b\\c"`],
    ['\u0007\b\f\n\r\t\v', String.raw`"\a\b\f\n\r\t\v"`],
    ['\u0000\u001f\u007f', String.raw`"\x00\x1f\x7f"`],
    ['\u0080\u00a0\u200b\u2028', String.raw`"\u0080\u00a0\u200b\u2028"`],
    ['é☺😀日本', '"é☺😀日本"'],
    ['\u{e0001}', String.raw`"\U000e0001"`],
  ])('%j', (text, quoted) => {
    expect(quote(text)).toBe(quoted);
  });
});
