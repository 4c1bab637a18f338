import { describe, expect, it } from 'vitest';
import { internalDiff } from '../../src/kinds/internal-diff.ts';

describe('a diff of two values', () => {
  it('is empty for equal values', () => {
    expect(internalDiff({ a: 1 }, { a: 1 })).toBe('');
  });

  it('shows three lines around a change and counts lines from one', () => {
    const value = (d: number): object => ({ a: 1, b: 2, c: 3, d, e: 5, f: 6, g: 7, h: 8 });
    expect(internalDiff(value(4), value(0))).toBe(
      '@@ -2,7 +2,7 @@\n  "a": 1,\n  "b": 2,\n  "c": 3,\n- "d": 4,\n+ "d": 0,\n  "e": 5,\n  "f": 6,\n  "g": 7,\n',
    );
  });

  it('keeps what an item before another pushes down together', () => {
    const item = (name: string): object => ({ name, size: null, note: null, more: null });
    expect(internalDiff([item('one')], [item('two'), item('one')])).toBe(
      '@@ -1,4 +1,10 @@\n [\n+ {\n+  "name": "two",\n+  "size": null,\n+  "note": null,\n+  "more": null\n+ },\n  {\n   "name": "one",\n   "size": null,\n',
    );
  });
});
