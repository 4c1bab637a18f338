import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generate } from '../../scripts/import-kubernetes.ts';
import { allKinds, createKindRegistry, groups, schemaOfKind } from '../../src/kinds/index.ts';
import { decodeObject } from '../../src/machinery/fields/index.ts';
import type { Kind } from '../../src/machinery/kind.ts';
import type { KubeObject } from '../../src/machinery/meta.ts';
import { strategyContext } from '../support/strategy-context.ts';
import { type DefaultsPair, factsFolder, haveFacts, readFacts } from './release-facts.ts';

const nameOf = (kind: Kind): string => `${kind.group}/${kind.version}/${kind.resource}`;
const stored = allKinds.filter((kind) => kind.stored);
const decode = (kind: Kind, json: unknown): KubeObject => decodeObject(kind.schema, json).object;

describe.each(allKinds.map((kind) => [nameOf(kind), kind] as const))('%s', (_name, kind) => {
  it('has a schema with the type and metadata of an API object', () => {
    expect([...kind.schema.fields.keys()]).toEqual(expect.arrayContaining(['kind', 'apiVersion']));
    expect(kind.schema.gvk).toContain(`${kind.group}/${kind.version}.${kind.kind}`);
  });

  it('names subresources whose bodies have a schema', () => {
    for (const sub of kind.subresources)
      expect(schemaOfKind(sub.group ?? '', sub.version ?? '', sub.kind), sub.name).toBeDefined();
  });

  it('selects only by fields that it computes', () => {
    if (kind.selectableFields.length === 0) return;
    const object = decode(kind, { metadata: { name: 'a' } });
    const computed = Object.keys(kind.fieldsOf?.(object) ?? {});
    // A kind over another's objects selects by names of its own for the fields that are stored.
    const selected = kind.selectableFields.map((field) => kind.storedFields?.[field] ?? field);
    expect(computed).toEqual(expect.arrayContaining(selected));
    if (!kind.storedFields) expect(computed.sort()).toEqual(selected.sort());
    for (const field of kind.indexedFields) expect(selected).toContain(field);
  });
});

describe.each(stored.map((kind) => [nameOf(kind), kind] as const))('an object of %s', (name, kind) => {
  const pairs = haveFacts
    ? readFacts<Record<string, DefaultsPair[]>>('defaults.json')[name.replace(/^\//, 'core/')]
    : undefined;
  const samples = pairs?.map((pair) => pair.in) ?? [];

  it('has defaults that change nothing the second time', () => {
    for (const sample of samples) {
      const object = decode(kind, structuredClone(sample));
      kind.defaults?.(object);
      const once = JSON.stringify(object);
      const again = decode(kind, JSON.parse(once));
      kind.defaults?.(again);
      expect(JSON.parse(JSON.stringify(again))).toEqual(JSON.parse(once));
    }
  });

  it('comes back the same from its stored form', () => {
    if (!kind.toStorage || !kind.fromStorage) return;
    for (const sample of samples) {
      const object = decode(kind, structuredClone(sample));
      kind.defaults?.(object);
      expect(decode(kind, kind.fromStorage(JSON.parse(JSON.stringify(kind.toStorage(object)))))).toEqual(object);
    }
  });

  it('gives a cell for every column, also when it is nearly empty', () => {
    for (const sample of [{ metadata: { name: 'a' } }, ...samples]) {
      const cells = kind.cells(decode(kind, structuredClone(sample)), 0);
      expect(cells.length).toBeGreaterThanOrEqual(kind.columns.length);
    }
  });

  it('keeps its status out of ordinary updates, and everything else out of status updates', () => {
    const { strategy, statusStrategy } = kind;
    if (!statusStrategy) return;
    const context = strategyContext();
    const [sample = { metadata: { name: 'a' } }] = samples;
    const old = decode(kind, structuredClone(sample));
    kind.defaults?.(old);
    const changed = decode(kind, JSON.parse(JSON.stringify(old)));
    delete changed.status;
    strategy.prepareForUpdate?.(changed, old, context);
    expect(changed.status).toEqual(old.status);
    const other = { ...structuredClone(old), spec: { other: true } } as KubeObject;
    statusStrategy.prepareForUpdate?.(other, old, context);
    expect(other.spec).toEqual(old.spec);
  });

  it('is valid as a real server accepted it', () => {
    const context = strategyContext();
    for (const sample of samples) {
      const object = decode(kind, structuredClone(sample));
      kind.defaults?.(object);
      object.metadata.uid = 'u';
      fillAsServer(kind, object);
      kind.strategy.prepareForCreate?.(object, context);
      expect(kind.strategy.validateCreate?.(object, context) ?? []).toEqual([]);
    }
  });
});

/** What the path of a request and the service account plugin fill before validation. */
function fillAsServer(kind: Kind, object: KubeObject): void {
  if (kind.namespaced) object.metadata.namespace ??= 'types-facts';
  const spec = object.spec as { containers?: unknown; serviceAccountName?: string } | undefined;
  if (spec?.containers) spec.serviceAccountName ??= 'default';
}

describe('the registry', () => {
  it('finds kinds by resource, by kind and by what is stored', () => {
    const registry = createKindRegistry();
    for (const kind of allKinds) {
      expect(registry.byResource(kind.group, kind.version, kind.resource)).toBe(kind);
      expect(registry.byKind(kind.group, kind.version, kind.kind)).toBe(kind);
    }
    expect(registry.byStored('events')?.group).toBe('');
    expect(registry.byStored('horizontalpodautoscalers.autoscaling')?.version).toBe('v2');
    expect(registry.byResource('apps', 'v9', 'deployments')).toBeUndefined();
  });

  it('serves the groups of the release', () => {
    expect([...new Set(allKinds.map((kind) => kind.group))]).toEqual(groups.map(({ group }) => group));
  });
});

describe.skipIf(!haveFacts)('the generated source', () => {
  it('is what the importer makes of its input', () => {
    const folder = resolve(import.meta.dirname, '../../src/kinds/generated');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
      statSync(join(folder, file)).isFile(),
    );
    const fresh = generate(factsFolder);
    expect(files.sort()).toEqual([...fresh.keys()].sort());
    for (const [file, text] of fresh)
      expect(
        readFileSync(join(folder, file), 'utf8') === text,
        `${file} is stale: run scripts/import-kubernetes.ts`,
      ).toBe(true);
  });
});
