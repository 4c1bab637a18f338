import { describe, expect, it } from 'vitest';
import { compileJsonPath } from '../../src/machinery/json-path.ts';

const OBJECT = {
  spec: {
    replicas: 3,
    'a.b': 'dotted',
    items: [
      { name: 'x', ready: true, size: 1 },
      { name: 'y', ready: false, size: 2 },
      { name: 'z', ready: true, size: 3 },
    ],
    labels: { one: '1', two: '2' },
  },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Synced', status: 'False' },
    ],
  },
};

describe('a JSONPath', () => {
  it.each([
    ['.spec.replicas', [3]],
    ['spec.replicas', [3]],
    ['$.spec.replicas', [3]],
    ['.spec.items[0].name', ['x']],
    ['.spec.items[-1].name', ['z']],
    ['.spec.items[0:2].name', ['x', 'y']],
    ['.spec.items[::2].name', ['x', 'z']],
    ['.spec.items[*].name', ['x', 'y', 'z']],
    ['.spec.items[0,2].name', ['x', 'z']],
    ['.spec.labels.*', ['1', '2']],
    ["['spec']['replicas']", [3]],
    ['.spec.a\\.b', ['dotted']],
    ["['spec']['a.b']", ['dotted']],
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    [".status.conditions[?(@.type == 'Synced')].status", ['False']],
    ['.spec.items[?(@.size>1)].name', ['y', 'z']],
    ['.spec.items[?(@.ready==true)].name', ['x', 'z']],
    ['.spec.items[?(@.missing)].name', []],
    ['..name', ['x', 'y', 'z']],
    ['.spec.none.deeper', []],
    ['.spec.replicas.deeper', []],
    ['.spec.toString', []],
    ['.', [OBJECT]],
  ])('%s', (path, found) => {
    expect(compileJsonPath(path)?.(OBJECT)).toEqual(found);
  });

  it.each(['.spec[', '.spec.items[?(@.x', '.spec[a b]', '.spec..', '.spec.items[1:x]'])('%s is none', (path) => {
    expect(compileJsonPath(path)).toBeUndefined();
  });
});
