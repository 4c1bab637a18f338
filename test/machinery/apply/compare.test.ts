import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareTyped } from '../../../src/machinery/apply/compare.ts';
import { typedNode } from '../../../src/machinery/apply/typed-node.ts';
import type { Schema } from '../../../src/machinery/schema.ts';
import { field, number, string, struct } from './schemas.ts';

const port = struct(field('port', number), field('protocol', string, { default: 'TCP' }), field('name', string));
const keyed: Schema = { type: 'array', items: port, listType: 'map', listMapKeys: ['port', 'protocol'] };
const ports = fc.array(
  fc.record(
    {
      port: fc.constantFrom(1, 2, 3),
      protocol: fc.constantFrom('TCP', 'UDP', undefined),
      name: fc.constantFrom('a', 'b'),
    },
    { noNullPrototype: true },
  ),
  { maxLength: 6 },
);

describe('the difference of keyed lists', () => {
  it('does not depend on the order of items, so not on whether they stand in pairs', () => {
    const node = typedNode(keyed);
    const find = (before: unknown[], after: unknown[]) => compareTyped(node, before, after) ?? {};
    fc.assert(
      fc.property(ports, ports, (before, after) => {
        // An item more at the end of both keeps them from being compared in pairs where it stands elsewhere.
        const odd = { port: 9, protocol: 'TCP', name: 'odd' };
        expect(find([...before, odd], [...after, odd])).toEqual(find([odd, ...before], [...after, odd]));
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  it('names the items of a set that came and went', () => {
    const node = typedNode({ type: 'array', items: string, listType: 'set' });
    expect(compareTyped(node, ['a', 'b'], ['a', 'b'])).toBeUndefined();
    expect(compareTyped(node, ['a', 'b'], ['a', 'c'])).toEqual({ changed: { 'v:"c"': {} }, removed: { 'v:"b"': {} } });
  });

  it('takes lists apart that name an item twice', () => {
    const node = typedNode(keyed);
    const twice = [{ port: 1 }, { port: 1, protocol: 'TCP', name: 'a' }];
    expect(compareTyped(node, twice, structuredClone(twice))).toBeUndefined();
    expect(compareTyped(node, twice, [{ port: 1 }, { port: 1, protocol: 'TCP', name: 'b' }])).toEqual({
      changed: { 'k:{"port":1,"protocol":"TCP"}': {} },
    });
  });
});
