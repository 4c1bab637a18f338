import { expect, test } from 'vitest';
import { formatGoDuration, parseGoDuration } from '../../src/base/go-duration.ts';

test.each([
  ['1h30m', 5_400_000, '1h30m0s'],
  ['90s', 90_000, '1m30s'],
  ['1.5s', 1_500, '1.5s'],
  ['250ms', 250, '250ms'],
  ['-2s', -2_000, '-2s'],
  ['0', 0, '0s'],
  ['5us', 0.005, '5µs'],
])('%s is %d ms and prints as %s', (text, ms, printed) => {
  expect(parseGoDuration(text)).toBeCloseTo(ms, 9);
  expect(formatGoDuration(ms)).toBe(printed);
});

test.each(['', '5', 'm', '1x', '1h 3m', '.s'])('%j is no duration', (text) => {
  expect(parseGoDuration(text)).toBeUndefined();
});
