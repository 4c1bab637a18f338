import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../src/machinery/meta.ts';
import { applyStrategicMergePatch } from '../../../src/machinery/patch/index.ts';
import type { ObjectSchema, Schema } from '../../../src/machinery/schema.ts';
import { field, string, stringMap, struct } from '../apply/schemas.ts';

fc.configureGlobal({ seed: 3 });

const list = (items: Schema): Schema => ({ type: 'array', items });
const source = struct(field('name', string), field('value', string), field('other', string));
const schema: ObjectSchema = struct(
  field('items', list(source), { patchStrategy: 'merge', patchMergeKey: 'name' }),
  field('tags', list(string), { patchStrategy: 'merge' }),
  field('atoms', list(source)),
  field('map', stringMap),
  field('whole', stringMap, { patchStrategy: 'replace' }),
  field('union', source, { patchStrategy: 'retainKeys' }),
);

const patched = (document: JsonObject, patch: Json) => applyStrategicMergePatch(document, patch, schema);
const named = (...names: string[]) => names.map((name) => ({ name }));

describe('applyStrategicMergePatch', () => {
  it.each<[string, JsonObject, JsonObject, JsonObject]>([
    [
      'merges items by key, those of the patch first',
      { items: named('a', 'b') },
      { items: [{ name: 'c' }, { name: 'b', value: '1' }] },
      { items: [{ name: 'c' }, { name: 'a' }, { name: 'b', value: '1' }] },
    ],
    ['puts a new item in front', { items: named('a', 'b') }, { items: named('c') }, { items: named('c', 'a', 'b') }],
    [
      'deletes an item',
      { items: named('a', 'b') },
      { items: [{ name: 'a', $patch: 'delete' }] },
      { items: named('b') },
    ],
    [
      'replaces the list',
      { items: named('a', 'b') },
      { items: [{ $patch: 'replace' }, { name: 'c' }] },
      { items: named('c') },
    ],
    ['adds scalars once', { tags: ['x', 'y'] }, { tags: ['y', 'z'] }, { tags: ['x', 'y', 'z'] }],
    ['deletes scalars', { tags: ['x', 'y'] }, { '$deleteFromPrimitiveList/tags': ['x', 'q'] }, { tags: ['y'] }],
    ['replaces lists without a strategy', { atoms: named('a') }, { atoms: named('b') }, { atoms: named('b') }],
    [
      'merges maps and removes by null',
      { map: { a: '1', b: '2' } },
      { map: { a: null, c: '3' } },
      { map: { b: '2', c: '3' } },
    ],
    ['replaces maps by directive', { map: { a: '1' } }, { map: { $patch: 'replace', b: '2' } }, { map: { b: '2' } }],
    ['empties maps by directive', { map: { a: '1' } }, { map: { $patch: 'delete' } }, { map: {} }],
    ['replaces maps by strategy', { whole: { a: '1' } }, { whole: { b: '2' } }, { whole: { b: '2' } }],
    [
      'keeps only retained keys',
      { union: { name: 'a', value: '1' } },
      { union: { $retainKeys: ['name', 'other'], other: '2' } },
      { union: { name: 'a', other: '2' } },
    ],
    [
      'reorders',
      { items: named('a', 'b', 'c') },
      { '$setElementOrder/items': named('c', 'a') },
      { items: named('b', 'c', 'a') },
    ],
    [
      'takes a new list without directives',
      {},
      {
        items: [
          { name: 'a', value: null },
          { name: 'b', $patch: 'delete' },
        ],
      },
      { items: named('a') },
    ],
    [
      'merges the same key twice',
      { items: named('a') },
      {
        items: [
          { name: 'a', value: '1' },
          { name: 'a', value: '2' },
        ],
      },
      { items: [{ name: 'a', value: '2' }] },
    ],
  ])('%s', (_, document, patch, expected) => {
    const before = structuredClone(document);
    expect(patched(document, patch)).toEqual(expected);
    expect(document).toEqual(before);
  });

  it.each<[JsonObject, JsonObject, number, string | RegExp]>([
    [
      { items: named('a') },
      { items: [{ value: 'x' }] },
      500,
      'map: map[value:x] does not contain declared merge key: name',
    ],
    [
      { items: named('a') },
      { items: [null] },
      500,
      /^list element types are not identical: \[\[map\[name:a\]\] \[<nil>\]\]$/,
    ],
    [
      { items: named('a') },
      { items: [[1]] },
      500,
      /^list element types are not identical: \[\[map\[name:a\]\] \[\[1\]\]\]$/,
    ],
    [{ items: [] }, { items: [[1]] }, 422, /rejected our request/],
    [{ map: {} }, { map: { $patch: 'frob' } }, 500, 'unknown patch type: frob in map: map[$patch:frob]'],
    [
      { union: { name: 'a' } },
      { union: { $retainKeys: ['name'], other: 'x' } },
      400,
      'invalid patch format of retainKeys',
    ],
    [
      { items: named('a', 'b') },
      { '$setElementOrder/items': named('b', 'a'), items: named('a', 'b') },
      500,
      /doesn't match \$setElementOrder list/,
    ],
    [{ tags: ['a'] }, { $deleteFromPrimitiveList: ['a'] }, 400, 'invalid patch format of primitive list'],
    [{ map: {} }, { map: { $patch: null } }, 500, 'unknown patch type: %!s(<nil>) in map: map[$patch:<nil>]'],
    [{ map: {} }, { map: { $patch: 1 } }, 500, 'unknown patch type: %!s(int64=1) in map: map[$patch:1]'],
    [
      { atoms: named('a') },
      { '$setElementOrder/atoms': [] },
      500,
      'map: map[name:a] does not contain declared merge key: ',
    ],
    [{ items: named('a') }, { '$setElementOrder/items': ['a'] }, 500, 'value for key 0 is not a map'],
    [{}, { '$setElementOrder/tags': [], tags: [] }, 500, 'no elements in any of the given slices'],
    [{}, { '$setElementOrder/nothing': [] }, 500, 'unable to find api field in struct  for the json field "nothing"'],
    [{}, { '$setElementOrder/map': [] }, 500, 'expected slice or array type, but got: struct'],
    [
      { map: { a: { b: 1 } } as unknown as Json },
      { map: { a: { b: 2 } } },
      500,
      'merging an object in json but data type is not struct, instead is: map',
    ],
    [
      { atoms: named('a') },
      { '$deleteFromPrimitiveList/atoms': named('a') },
      500,
      'cannot merge lists without merge key for struct',
    ],
  ])('%j patched by %j is %i', (document, patch, code, message) => {
    expect(() => patched(document, patch)).toThrow(
      expect.objectContaining({
        code,
        message: typeof message === 'string' ? message : expect.stringMatching(message),
      }),
    );
  });

  it('takes out of the patch what was carried out, as messages show it', () => {
    const patch = {
      map: { $retainKeys: ['a'], a: '1' },
      '$setElementOrder/tags': ['b'],
      tags: ['b'],
      atoms: [{ name: 'x', value: null }],
    };
    patched({ map: { a: '0', b: '0' }, tags: ['c'] }, patch);
    expect(patch).toEqual({ map: { a: '1' }, atoms: [{ name: 'x' }] });
  });

  it('puts new items that an empty order leaves out behind, the last first', () => {
    expect(patched({ tags: ['a', 'b'] }, { '$setElementOrder/tags': [], tags: ['c', 'd'] }).tags).toEqual([
      'a',
      'b',
      'd',
      'c',
    ]);
  });

  it('answers 400 to a body that is no object', () => {
    for (const patch of [[], 'text', 1])
      expect(() => patched({}, patch as Json)).toThrow(expect.objectContaining({ code: 400 }));
  });

  const text = fc.constantFrom('1', '2');
  const items = fc.uniqueArray(
    fc.record(
      { name: fc.constantFrom('a', 'b', 'c', 'd', 'e'), value: text, other: text },
      { requiredKeys: ['name'], noNullPrototype: true },
    ),
    { selector: ({ name }) => name },
  );

  it('turns any keyed list into any other by their difference', () => {
    fc.assert(
      fc.property(items, items, (from, to) => {
        // A list that was and stays empty has no kind, which is a failure of its own.
        fc.pre(from.length + to.length > 0);
        const changes = to.map((item) => {
          const before = from.find(({ name }) => name === item.name);
          const gone = Object.keys(before ?? {}).filter((name) => !Object.hasOwn(item, name));
          return { ...item, ...Object.fromEntries(gone.map((name) => [name, null])) };
        });
        const deletions = from
          .filter(({ name }) => !to.some((item) => item.name === name))
          .map(({ name }) => ({ name, $patch: 'delete' }));
        const patch = {
          '$setElementOrder/items': to.map(({ name }) => ({ name })),
          items: [...changes, ...deletions],
        } as unknown as Json;
        expect(patched({ items: from } as unknown as JsonObject, patch)).toEqual({ items: to });
      }),
    );
  });

  it('merges, deletes and takes out of long lists in time that does not grow with their product', () => {
    const many = (prefix: string) => Array.from({ length: 100_000 }, (_, i) => ({ name: `${prefix}${i}` }));
    const items = many('a');
    expect(patched({ items }, { items: many('b') }).items).toHaveLength(200_000);
    expect(patched({ items }, { items: items.map((item) => ({ ...item, $patch: 'delete' })) }).items).toEqual([]);
    const tags = items.map(({ name }) => name);
    expect(patched({ tags }, { '$deleteFromPrimitiveList/tags': tags }).tags).toEqual([]);
  });
});
