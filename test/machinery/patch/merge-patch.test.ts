import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../src/machinery/meta.ts';
import { applyMergePatch } from '../../../src/machinery/patch/index.ts';

fc.configureGlobal({ seed: 3 });

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function diff(from: JsonObject, to: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const name of Object.keys(from)) if (!Object.hasOwn(to, name)) out[name] = null;
  for (const [name, value] of Object.entries(to)) {
    const current = Object.hasOwn(from, name) ? from[name] : undefined;
    out[name] = isObject(current) && isObject(value) ? diff(current, value) : value;
  }
  return out;
}

describe('applyMergePatch', () => {
  it('removes by null, merges objects and replaces everything else', () => {
    const document = { a: '1', b: { c: 1, d: 2 }, l: [1, 2] };
    const before = structuredClone(document);
    expect(
      applyMergePatch(document, { a: null, b: { c: null, e: 3 }, l: [3], n: { x: null, y: [{ z: null }] } }),
    ).toEqual({
      b: { d: 2, e: 3 },
      l: [3],
      n: { y: [{}] },
    });
    expect(document).toEqual(before);
  });

  it('sorts the members of what it touches, as messages show it, and leaves the rest', () => {
    const document = { z: { d: 1, c: 2 }, y: { b: 1, a: 2 } };
    expect(
      JSON.stringify(applyMergePatch(document, { z: { n: { q: 1, p: [{ s: 1, r: 1 }] } }, l: { j: 1, i: [] } })),
    ).toBe('{"l":{"i":[],"j":1},"y":{"b":1,"a":2},"z":{"c":2,"d":1,"n":{"p":[{"r":1,"s":1}],"q":1}}}');
  });

  it('puts a list in place of the document, and answers 400 to everything else that is no object', () => {
    expect(applyMergePatch({ a: 1 }, [1, { b: null, c: 2 }])).toEqual([1, { c: 2 }]);
    for (const patch of [null, 'text', 1])
      expect(() => applyMergePatch({}, patch)).toThrow(expect.objectContaining({ code: 400 }));
  });

  it('turns any object into any other by their difference', () => {
    const json = fc.object({
      maxDepth: 3,
      values: [fc.integer(), fc.string(), fc.boolean()],
      withNullPrototype: false,
    }) as fc.Arbitrary<JsonObject>;
    fc.assert(
      fc.property(json, json, (a, b) => {
        expect(applyMergePatch(a, diff(a, b))).toEqual(b);
      }),
    );
  });
});
