import { describe, expect, it } from 'vitest';
import {
  type CustomResourceDefinition,
  compareVersions,
  createCustomKinds,
  discoveredKinds,
  recordOf,
} from '../../src/kinds/index.ts';
import { compileStructural } from '../../src/machinery/structural/index.ts';

type Versions = NonNullable<CustomResourceDefinition['spec']['versions']>;

const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as never };

function definition(versions: Versions, more: Partial<CustomResourceDefinition> = {}): CustomResourceDefinition {
  const names = { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' };
  return {
    metadata: { name: 'widgets.example.com', uid: 'u', generation: 1 },
    spec: { group: 'example.com', scope: 'Namespaced', names, versions },
    status: { acceptedNames: names, conditions: [{ type: 'Established', status: 'True' }] },
    ...more,
  };
}

const version = (name: string, more: Partial<Versions[number]> = {}): Versions[number] => ({
  ...{ name, served: true, storage: false, schema },
  ...more,
});

const kindsOf = (given: CustomResourceDefinition) =>
  createCustomKinds({ record: recordOf(given, 'hash'), definition: given, compile: compileStructural });

const cellsOf = (columns: Versions[number]['additionalPrinterColumns'], object: Record<string, unknown>) => {
  const kind = kindsOf(definition([version('v1', { storage: true, additionalPrinterColumns: columns! })])).version(
    'v1',
  );
  return kind?.cells({ metadata: { name: 'w' }, ...object }, Date.UTC(2026, 0, 2));
};

describe('versions', () => {
  it('are ordered by maturity, then by number, then by the alphabet', () => {
    const names = ['foo10', 'v1', 'v12alpha1', 'v10', 'v2', 'v3beta1', 'v11beta2', 'foo1', 'v1beta1', 'v11alpha2'];
    expect(names.sort(compareVersions)).toEqual([
      ...['v10', 'v2', 'v1', 'v11beta2', 'v3beta1', 'v1beta1', 'v12alpha1', 'v11alpha2', 'foo1', 'foo10'],
    ]);
  });

  it('that are deprecated name the best one that is not', () => {
    const given = definition([
      version('v1beta1', { deprecated: true }),
      version('v1', { storage: true }),
      version('v2alpha1'),
      version('v1alpha1', { deprecated: true, deprecationWarning: 'gone soon' }),
    ]);
    const warnings = recordOf(given, '').versions.map(({ deprecationWarning }) => deprecationWarning);
    expect(warnings).toEqual([
      'example.com/v1beta1 Widget is deprecated; use example.com/v1 Widget',
      ...[undefined, undefined, 'gone soon'],
    ]);
  });

  it('that are not served have a kind for what is stored in them only', () => {
    const kinds = kindsOf(definition([version('v1', { storage: true }), version('v2', { served: false })]));
    expect(kinds.version('v2')).toBeUndefined();
    expect(kinds.version('v1')?.inVersion?.('v2')?.version).toBe('v2');
  });
});

describe('columns', () => {
  it('are read by type, and null where the value is of another', () => {
    const object = {
      spec: { n: 3.7, s: 'text', b: true, l: ['a', 1], d: '2026-01-01T00:00:00Z', o: { k: '<v>', a: null } },
    };
    const column = (type: string, jsonPath: string) => ({ name: jsonPath, type, jsonPath });
    expect(
      cellsOf(
        [
          ...[column('integer', '.spec.n'), column('number', '.spec.n'), column('integer', '.spec.s')],
          ...[column('string', '.spec.b'), column('boolean', '.spec.b'), column('boolean', '.spec.s')],
          ...[column('string', '.spec.l[*]'), column('string', '.spec.l'), column('string', '.spec.o')],
          ...[column('date', '.spec.d'), column('date', '.spec.s'), column('string', '.spec.none')],
        ],
        object,
      ),
    ).toEqual([
      'w',
      3,
      3.7,
      null,
      'true',
      true,
      null,
      'a',
      '["a",1]',
      '{"a":null,"k":"\\u003cv\\u003e"}',
      '24h',
      '<invalid>',
      null,
    ]);
  });
});

describe('what discovery shows', () => {
  it('are the served versions, with fewer verbs while the definition is being deleted', () => {
    const given = definition([version('v1', { storage: true }), version('v2', { served: false })]);
    expect(discoveredKinds(recordOf(given, '')).map((kind) => kind.version)).toEqual(['v1']);
    given.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
    expect(discoveredKinds(recordOf(given, ''))[0]?.verbs).toEqual([
      'delete',
      'deletecollection',
      'get',
      'list',
      'watch',
    ]);
  });
});
