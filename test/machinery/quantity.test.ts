import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalQuantity, compareQuantities, parseQuantity, QuantityError } from '../../src/machinery/quantity.ts';

fc.configureGlobal({ seed: 3 });

describe('canonicalQuantity', () => {
  const cases: [string | number, string][] = [
    ['0', '0'],
    ['0m', '0'],
    ['000', '0'],
    ['-0', '0'],
    ['m', '0'],
    ['0.5', '500m'],
    ['1000m', '1'],
    ['1500m', '1500m'],
    ['2000m', '2'],
    ['100m', '100m'],
    ['0.0005', '500u'],
    ['1.5Gi', '1536Mi'],
    ['0.5Gi', '512Mi'],
    ['1024Mi', '1Gi'],
    ['100000Ki', '100000Ki'],
    ['1536Mi', '1536Mi'],
    ['8192Mi', '8Gi'],
    ['1e6', '1e6'],
    ['12e6', '12e6'],
    ['1e5', '100e3'],
    ['1E3', '1E3'],
    ['10e3', '10e3'],
    ['1000e3', '1e6'],
    ['1.1', '1100m'],
    ['1.1Ki', '1126400m'],
    ['0.9n', '1n'],
    ['-0.1n', '-1n'],
    ['8Ei', '9223372036854775807'],
    ['18446744073709551616', '18446744073709551616'],
    ['1.2345', '1234500u'],
    ['1000E', '1e21'],
    ['+5', '+5'],
    ['1.', '1.'],
    ['.5', '500m'],
    ['0.5Ki', '512'],
    ['0.0001Ki', '102400u'],
    [2, '2'],
    [0.25, '250m'],
    [' 1Gi ', '1Gi'],
    ['1000k', '1M'],
    ['1100M', '1100M'],
  ];
  it.each(cases)('writes %j as %j', (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical);
  });

  it.each([
    ['', /must match the regular expression/],
    ['lots', /must match the regular expression/],
    ['1.5.5', /must match the regular expression/],
    ['1 Gi', /must match the regular expression/],
    ['1e', /suffix/],
    ['1ki', /suffix/],
    ['1Mib', /must match/],
    ['1i', /suffix/],
    ['1e99999999999', /suffix/],
  ])('refuses %j', (text, message) => {
    expect(() => canonicalQuantity(text)).toThrow(QuantityError);
    expect(() => canonicalQuantity(text)).toThrow(message);
  });
});

describe('quantity arithmetic', () => {
  it('compares by value across notations', () => {
    expect(compareQuantities('1Gi', '1024Mi')).toBe(0);
    expect(compareQuantities('1G', '1Gi')).toBeLessThan(0);
    expect(compareQuantities('-1', '1m')).toBeLessThan(0);
    expect(compareQuantities('1e1000000000', '5Ei')).toBeGreaterThan(0);
    expect(compareQuantities('-1e1000000000', '-5Ei')).toBeLessThan(0);
  });

  it('adds in the notation of the first number that is not zero', () => {
    expect(parseQuantity('0').add(parseQuantity('512Mi')).toString()).toBe('512Mi');
    expect(parseQuantity('512Mi').add(parseQuantity('1Gi')).toString()).toBe('1536Mi');
    expect(parseQuantity('100m').add(parseQuantity('1.9')).toString()).toBe('2');
    expect(parseQuantity('1').subtract(parseQuantity('1500m')).toString()).toBe('-500m');
  });

  it('rounds away from zero', () => {
    expect(parseQuantity('1500m').value()).toBe(2);
    expect(parseQuantity('-1500m').value()).toBe(-2);
    expect(parseQuantity('1u').milliValue()).toBe(1);
    expect(parseQuantity('500u').roundUp(-3).toString()).toBe('1m');
    expect(parseQuantity('2k').milliValue()).toBe(2_000_000);
  });

  const quantities = fc
    .tuple(fc.integer({ min: -100000, max: 100000 }), fc.constantFrom('', 'm', 'k', 'M', 'Ki', 'Mi', 'Gi', 'e3', 'u'))
    .map(([number, suffix]) => `${number}${suffix}`);

  it('canonical form keeps the value and is stable', () => {
    fc.assert(
      fc.property(quantities, (text) => {
        const canonical = canonicalQuantity(text);
        expect(compareQuantities(text, canonical)).toBe(0);
        expect(canonicalQuantity(canonical)).toBe(canonical);
      }),
    );
  });

  it('adding and subtracting the same gives the same value', () => {
    fc.assert(
      fc.property(quantities, quantities, (a, b) => {
        const sum = parseQuantity(a).add(parseQuantity(b));
        expect(sum.subtract(parseQuantity(b)).compare(parseQuantity(a))).toBe(0);
      }),
    );
  });
});
