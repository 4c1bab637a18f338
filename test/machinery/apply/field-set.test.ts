import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareElements,
  difference,
  type FieldSet,
  fieldSetOf,
  hasPath,
  intersection,
  LEAF,
  parseFieldSet,
  pathsOf,
  pathText,
  recursiveDifference,
  union,
} from '../../../src/machinery/apply/field-set.ts';

fc.configureGlobal({ seed: 3 });

const element = fc.constantFrom('f:a', 'f:b', 'k:{"name":"x"}', 'k:{"name":"y"}', 'v:1', 'v:10', 'v:2');
const path = fc.array(element, { minLength: 1, maxLength: 4 });
const paths = fc.array(path, { maxLength: 8 });

const setOf = (list: string[][]): FieldSet =>
  list.reduce<FieldSet>(
    (set, one) =>
      union(
        set,
        one.reduceRight<FieldSet>((child, key) => ({ [key]: child }), LEAF),
      ),
    LEAF,
  );
const texts = (set: FieldSet) =>
  pathsOf(set)
    .map((one) => one.join(' '))
    .sort();
const model = (list: string[][]) => new Set(list.map((one) => one.join(' ')));

describe('field sets', () => {
  it('follow set algebra over their paths', () => {
    fc.assert(
      fc.property(paths, paths, (left, right) => {
        const a = setOf(left);
        const b = setOf(right);
        const x = model(left);
        const y = model(right);
        expect(texts(union(a, b))).toEqual([...new Set([...x, ...y])].sort());
        expect(texts(intersection(a, b))).toEqual([...x].filter((one) => y.has(one)).sort());
        expect(texts(difference(a, b))).toEqual([...x].filter((one) => !y.has(one)).sort());
        const below = (one: string) => [...y].some((other) => one === other || one.startsWith(`${other} `));
        expect(texts(recursiveDifference(a, b))).toEqual([...x].filter((one) => !below(one)).sort());
        for (const one of left) expect(hasPath(a, one)).toBe(true);
      }),
    );
  });

  it('come back unchanged from their JSON form, with keys in order', () => {
    fc.assert(
      fc.property(paths, (list) => {
        const set = setOf(list);
        const text = JSON.stringify(set);
        expect(JSON.stringify(parseFieldSet(JSON.parse(text)))).toBe(text);
        const keys = Object.keys(set);
        expect([...keys].sort(compareElements)).toEqual(keys);
      }),
    );
  });

  it('are the same values when an operation changes nothing', () => {
    const set = setOf([['f:a', 'f:b'], ['f:c']]);
    expect(union(set, setOf([['f:c']]))).toBe(set);
    expect(difference(set, setOf([['f:x']]))).toBe(set);
  });

  it('normalize keys of other writers and ignore element kinds they do not know', () => {
    const parsed = parseFieldSet({ 'f:l': { 'k:{"b":1, "a":"x"}': { '.': {} }, 'q:?': {} } });
    expect(parsed).toEqual({ 'f:l': { 'k:{"a":"x","b":1}': {} } });
    for (const broken of [{ x: {} }, { fa: {} }, { 'k:{': {} }, { 'f:a': 1 }, []]) {
      expect(() => parseFieldSet(broken)).toThrow();
    }
  });

  it('show paths as messages do', () => {
    expect(pathText(['f:spec', 'k:{"name":"x","port":80}', 'v:"s"', 'i:3'])).toBe('.spec[name="x",port=80][="s"][3]');
    expect(fieldSetOf(['status', 'metadata.labels'])).toEqual({ 'f:status': {}, 'f:metadata': { 'f:labels': {} } });
  });
});
