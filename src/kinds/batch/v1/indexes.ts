/** Sets of indexes as text, such as `0,2-5`. Upstream: batch/validation validateIndexesFormat. */
import { quote } from '../../../machinery/quote.ts';

export interface Indexes {
  intervals: readonly (readonly [first: number, last: number])[];
  count: number;
}

/** The indexes in `text`, or why they are none, for a job of `completions` indexes. */
export function parseIndexes(text: string, completions: number): Indexes | string {
  const intervals: [number, number][] = [];
  let count = 0;
  for (const part of text === '' ? [] : text.split(',')) {
    const limits = part.split('-');
    if (limits.length > 2)
      return `the fragment ${quote(part)} violates the requirement that an index interval can have at most two parts separated by '-'`;
    for (const limit of limits) {
      if (!/^[+-]?\d+$/.test(limit)) return `cannot convert string to integer for index: ${quote(limit)}`;
      if (Number(limit) >= completions) return `too large index: ${quote(limit)}`;
    }
    const [first = 0, last = first] = limits.map(Number);
    if (limits.length > 1 && first >= last) return `non-increasing order, previous: ${first}, current: ${last}`;
    const before = intervals.at(-1)?.[1];
    if (before !== undefined && before >= first) return `non-increasing order, previous: ${before}, current: ${first}`;
    intervals.push([first, last]);
    count += last - first + 1;
  }
  return { intervals, count };
}

/** The first index that two sets share. */
export function overlapOf(a: Indexes, b: Indexes): number | undefined {
  for (const [first, last] of a.intervals)
    for (const [from, to] of b.intervals) if (first <= to && from <= last) return Math.max(first, from);
  return undefined;
}
