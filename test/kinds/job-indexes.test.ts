import { describe, expect, it } from 'vitest';
import { overlapOf, parseIndexes } from '../../src/kinds/batch/v1/indexes.ts';

describe('indexes of a job', () => {
  it('count singles and intervals', () => {
    expect(parseIndexes('0,2-4,7', 8)).toEqual({
      intervals: [
        [0, 0],
        [2, 4],
        [7, 7],
      ],
      count: 5,
    });
    expect(parseIndexes('', 3)).toEqual({ intervals: [], count: 0 });
  });

  it.each([
    ['1,1', 'non-increasing order, previous: 1, current: 1'],
    ['2-2', 'non-increasing order, previous: 2, current: 2'],
    ['0-3,3', 'non-increasing order, previous: 3, current: 3'],
    ['8', 'too large index: "8"'],
    ['x', 'cannot convert string to integer for index: "x"'],
    [
      '1-2-3',
      'the fragment "1-2-3" violates the requirement that an index interval can have at most two parts separated by \'-\'',
    ],
  ])('%s is refused', (text, why) => {
    expect(parseIndexes(text, 8)).toBe(why);
  });

  it('overlap at the first index that both have', () => {
    const [a, b] = [parseIndexes('0-3,6', 9), parseIndexes('2,6-8', 9)];
    if (typeof a === 'string' || typeof b === 'string') throw new Error('not parsed');
    expect(overlapOf(a, b)).toBe(2);
  });
});
