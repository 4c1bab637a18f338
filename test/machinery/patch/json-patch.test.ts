import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../src/machinery/meta.ts';
import { applyJsonPatch } from '../../../src/machinery/patch/index.ts';
import { StatusError } from '../../../src/machinery/status.ts';

fc.configureGlobal({ seed: 3 });

function refusal(document: Json, operations: unknown): StatusError | undefined {
  try {
    applyJsonPatch(document, operations);
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  return undefined;
}

const document = { a: '1', list: ['x', 'y'], deep: { 'k/e~y': { n: 1 } }, none: null };

describe('applyJsonPatch', () => {
  it.each<[string, Json[], JsonObject]>([
    ['adds a member', [{ op: 'add', path: '/b', value: 2 }], { ...document, b: 2 }],
    [
      'inserts into and appends to a list',
      [
        { op: 'add', path: '/list/1', value: 'm' },
        { op: 'add', path: '/list/-', value: 'z' },
      ],
      { ...document, list: ['x', 'm', 'y', 'z'] },
    ],
    ['counts from the end', [{ op: 'remove', path: '/list/-1' }], { ...document, list: ['x'] }],
    [
      'unescapes pointers',
      [{ op: 'replace', path: '/deep/k~1e~0y/n', value: 2 }],
      { ...document, deep: { 'k/e~y': { n: 2 } } },
    ],
    ['replaces a member that is missing', [{ op: 'replace', path: '/b', value: 1 }], { ...document, b: 1 }],
    ['moves', [{ op: 'move', from: '/a', path: '/b' }], { list: ['x', 'y'], deep: document.deep, none: null, b: '1' }],
    [
      'copies',
      [
        { op: 'copy', from: '/list', path: '/other' },
        { op: 'add', path: '/other/-', value: 'z' },
      ],
      { ...document, other: ['x', 'y', 'z'] },
    ],
    ['tests by value', [{ op: 'test', path: '/deep', value: { 'k/e~y': { n: 1 } } }], document],
    [
      'takes a missing member for null',
      [
        { op: 'test', path: '/zz', value: null },
        { op: 'test', path: '/none', value: null },
      ],
      document,
    ],
    ['loses what stands before the first slash', [{ op: 'add', path: 'data/q', value: 'x' }], { ...document, q: 'x' }],
    ['replaces the whole document', [{ op: 'replace', path: '', value: { z: 1 } }], { z: 1 }],
  ])('%s', (_, operations, expected) => {
    const before = structuredClone(document);
    expect(applyJsonPatch(document, operations)).toEqual(expected);
    expect(document).toEqual(before);
  });

  it('shows what it entered with sorted members and the rest as it was', () => {
    const shown = (operations: Json[]) =>
      JSON.stringify(applyJsonPatch({ b: { z: { y: 1, x: 1 }, w: [{ v: 1, u: 1 }] }, a: { d: 1, c: 1 } }, operations));
    expect(shown([])).toBe('{"a":{"d":1,"c":1},"b":{"z":{"y":1,"x":1},"w":[{"v":1,"u":1}]}}');
    expect(shown([{ op: 'test', path: '/a/d', value: 1 }])).toMatch('{"a":{"c":1,"d":1},"b":{"z":');
    expect(shown([{ op: 'test', path: '/b/w', value: [{ u: 1, v: 1 }] }])).toMatch('"b":{"w":[{"u":1,"v":1}],"z":{"y"');
    expect(shown([{ op: 'copy', from: '/a', path: '/a/e' }])).toMatch('"a":{"c":1,"d":1,"e":{"c":1,"d":1}}');
  });

  it('takes null for a patch without operations', () => {
    expect(applyJsonPatch(document, null)).toEqual(document);
  });

  it.each<[string, Json]>([
    ['a member too many in a test', { op: 'test', path: '/deep', value: { 'k/e~y': { n: 1 }, m: null } }],
    ['remove of a missing member', { op: 'remove', path: '/zz' }],
    ['add below a missing parent', { op: 'add', path: '/zz/deeper', value: 1 }],
    ['an index beyond the end', { op: 'replace', path: '/list/2', value: 'z' }],
    ['an index that is no number', { op: 'replace', path: '/list/x', value: 'z' }],
    ['a failing test', { op: 'test', path: '/a', value: 1 }],
    ['move of a missing member', { op: 'move', from: '/zz', path: '/b' }],
    ['a missing op', { path: '/a', value: 1 }],
    ['a missing path', { op: 'add', value: 1 }],
    ['a scalar for the whole document', { op: 'replace', path: '', value: 1 }],
    ['add at the root', { op: 'add', path: '', value: {} }],
    ['null for an operation', null],
  ])('answers 422 to %s', (_, operation) => {
    const error = refusal(document, [{ op: 'add', path: '/b', value: 1 }, operation]);
    expect(error?.status).toMatchObject({
      code: 422,
      reason: 'Invalid',
      message: 'the server rejected our request due to an error in our request',
      details: {},
    });
  });

  it('answers 400 to what is no list of operations and 413 to more than 10,000 of them', () => {
    expect(refusal({}, { op: 'add' })?.code).toBe(400);
    expect(refusal({}, ['add'])?.code).toBe(400);
    const many = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/a', value: null }));
    expect(refusal({}, many)?.message).toBe(
      'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
    );
    expect(refusal({}, many.slice(1))).toBeUndefined();
  });

  it('bounds what copies may add up to', () => {
    const copies = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ op: 'copy', from: '/big', path: `/c${i}` }));
    const big = { big: 'x'.repeat(1024 * 1024) };
    expect(refusal(big, copies(2))).toBeUndefined();
    expect(refusal(big, copies(3))?.code).toBe(422);
  });

  it('does not reach the prototype of objects', () => {
    const patched = applyJsonPatch({}, [{ op: 'add', path: '/__proto__', value: { polluted: true } }]) as JsonObject;
    expect(Object.hasOwn(patched, '__proto__')).toBe(true);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(refusal({}, [{ op: 'add', path: '/constructor/prototype/x', value: 1 }])?.code).toBe(422);
  });

  const json: fc.Arbitrary<JsonObject> = fc.object({
    maxDepth: 3,
    values: [fc.integer(), fc.string(), fc.boolean(), fc.constant(null)],
    withNullPrototype: false,
  }) as fc.Arbitrary<JsonObject>;
  const pointer = (name: string) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;

  it('turns any object into any other and back', () => {
    const way = (from: JsonObject, to: JsonObject) => [
      ...Object.keys(from)
        .filter((name) => !Object.hasOwn(to, name))
        .map((name) => ({ op: 'remove', path: pointer(name) })),
      ...Object.entries(to).map(([name, value]) => ({ op: 'add', path: pointer(name), value })),
    ];
    fc.assert(
      fc.property(json, json, (a, b) => {
        const there = applyJsonPatch(a, way(a, b));
        expect(there).toEqual(b);
        expect(applyJsonPatch(there, way(b, a))).toEqual(a);
      }),
    );
  });

  it('refuses to move more items of lists than a patch has any use for', () => {
    const list = new Array<Json>(300_000).fill(1);
    const inserts = (path: string) => new Array(5_000).fill({ op: 'add', path, value: 1 });
    expect(refusal({ list }, inserts('/list/0'))?.code).toBe(413);
    expect(refusal({ list }, inserts('/list/-'))).toBeUndefined();
  });
});
