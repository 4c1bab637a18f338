import { describe, expect, it } from 'vitest';
import { goFloat, goNumber, goSyntax, goText, goTypeOf } from '../../src/machinery/go-value.ts';

describe('values as Go prints them', () => {
  it('gives floats an exponent where %v does', () => {
    const floats = [0, 0.5, 100000.5, 1e6, 2147483648, 1e21, 0.0001, 0.00001, -2.5e-7];
    const texts = ['0', '0.5', '100000.5', '1e+06', '2.147483648e+09', '1e+21', '0.0001', '1e-05', '-2.5e-07'];
    expect(floats.map((value) => goFloat(value))).toEqual(texts);
  });

  it('takes whole numbers for integers while they fit', () => {
    expect([5, -(2 ** 63), 2 ** 63, 1.5].map(goNumber)).toEqual([
      '5',
      '-9223372036854775808',
      '9.223372036854776e+18',
      '1.5',
    ]);
  });

  it('prints maps in the order of their keys', () => {
    const value = { b: [1, 'x', null], a: { c: true } };
    expect(goText(value)).toBe('map[a:map[c:true] b:[1 x <nil>]]');
    expect(goSyntax(value)).toBe(
      'map[string]interface {}{"a":map[string]interface {}{"c":true}, "b":[]interface {}{1, "x", interface {}(nil)}}',
    );
  });

  it('names types', () => {
    expect([{}, [], 1, 1.5, true, 'x', null].map(goTypeOf)).toEqual([
      'map[string]interface {}',
      '[]interface {}',
      'int64',
      'float64',
      'bool',
      'string',
      '<nil>',
    ]);
  });
});
