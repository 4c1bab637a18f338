import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apply, settleManagedFields, trackUpdate } from '../../../src/machinery/apply/index.ts';
import type { JsonObject, KubeObject } from '../../../src/machinery/meta.ts';
import { StatusError } from '../../../src/machinery/status.ts';
import { thing } from './schemas.ts';

const T0 = Date.UTC(2026, 0, 1);
const RUNS = { numRuns: 300, seed: 3 };
const common = { schema: thing, apiVersion: 'v1', resetFields: ['status'] };

type Data = Record<string, string>;

const value = fc.constantFrom('1', '2', '3');
const key = fc.constantFrom('a', 'b', 'c', 'd');
const data: fc.Arbitrary<Data> = fc.dictionary(key, value, { maxKeys: 4, noNullPrototype: true });
const items = fc.uniqueArray(fc.record({ name: key, value }, { noNullPrototype: true }), {
  selector: (item) => item.name,
  maxLength: 4,
});
const labels: fc.Arbitrary<Data> = data;

interface Content {
  data: Data;
  items: { name: string; value: string }[];
  labels: Data;
}

const content: fc.Arbitrary<Content> = fc.record({ data, items, labels }, { noNullPrototype: true });

function objectOf({ data: entries, items: list, labels: marks }: Content): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Thing',
    metadata: { name: 'a', ...(Object.keys(marks).length === 0 ? {} : { labels: marks }) },
    ...(Object.keys(entries).length === 0 ? {} : { data: entries }),
    spec: { ...(list.length === 0 ? {} : { items: list }) },
  };
}

/** As a decoder leaves it: without nulls and empty maps. */
function cleaned(object: KubeObject): KubeObject {
  const prune = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(prune);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(([name, member]) => [name, prune(member)] as const);
    return Object.fromEntries(
      entries.filter(([name, member]) => member !== null && (name === 'spec' || !isEmpty(member))),
    );
  };
  return prune(object) as KubeObject;
}

const isEmpty = (value: unknown) => typeof value === 'object' && value !== null && Object.keys(value).length === 0;

function applied(live: KubeObject | null, config: Content, { manager = 'm', force = true, now = T0 } = {}): KubeObject {
  const result = apply({ ...common, live, applied: objectOf(config), kind: 'Thing', manager, force, now });
  const object = cleaned(result.object);
  const { managedFields } = result;
  object.metadata = { ...object.metadata, uid: 'u', ...(managedFields ? { managedFields } : {}) };
  if (live) settleManagedFields(live, object);
  return object;
}

function updated(live: KubeObject | null, next: Content, { manager = 'm', now = T0 } = {}): KubeObject {
  const object = objectOf(next);
  const managedFields = trackUpdate({ ...common, live, object, manager, now });
  object.metadata = { ...object.metadata, uid: 'u', ...(managedFields ? { managedFields } : {}) };
  return object;
}

describe('apply', () => {
  it('is idempotent', () => {
    fc.assert(
      fc.property(content, content, content, (first, second, config) => {
        const live = updated(applied(null, first, { manager: 'x' }), second, { manager: 'y' });
        const once = applied(live, config);
        const twice = applied(once, config, { now: T0 + 60_000 });
        expect(twice).toEqual(once);
      }),
      RUNS,
    );
  });

  it('commutes for appliers of different fields', () => {
    fc.assert(
      fc.property(content, content, (left, right) => {
        const own = (source: Content, names: string): Content => ({
          data: Object.fromEntries(Object.entries(source.data).filter(([name]) => names.includes(name))),
          items: source.items.filter(({ name }) => names.includes(name)),
          labels: Object.fromEntries(Object.entries(source.labels).filter(([name]) => names.includes(name))),
        });
        const a = own(left, 'ab');
        const b = own(right, 'cd');
        const one = applied(applied(null, a, { manager: 'm1', force: false }), b, { manager: 'm2', force: false });
        const other = applied(applied(null, b, { manager: 'm2', force: false }), a, { manager: 'm1', force: false });
        const sets = (object: KubeObject) =>
          new Map(object.metadata.managedFields?.map((entry) => [entry.manager, entry.fieldsV1]));
        const byName = (object: KubeObject) =>
          new Map(((object.spec as Partial<Content>).items ?? []).map((item) => [item.name, item.value]));
        expect(sets(one)).toEqual(sets(other));
        expect(one.data).toEqual(other.data);
        expect(one.metadata.labels).toEqual(other.metadata.labels);
        expect(byName(one)).toEqual(byName(other));
      }),
      RUNS,
    );
  });

  it('makes the object have every value of the configuration', () => {
    fc.assert(
      fc.property(content, content, (before, config) => {
        const live = applied(updated(null, before, { manager: 'x' }), config);
        expect(live.data ?? {}).toMatchObject(config.data);
        for (const item of config.items) expect((live.spec as Content).items).toContainEqual(item);
      }),
      RUNS,
    );
  });
});

const step = fc.record({
  kind: fc.constantFrom('apply', 'force', 'update' as const),
  manager: fc.constantFrom('m1', 'm2', 'm3'),
  content,
});

describe('ownership', () => {
  it('never names a manager for a value it did not set, nor for a field that is not there', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        const wrote = new Map<string, Set<string>>();
        let live: KubeObject | null = null;
        for (const [index, { kind, manager, content: next }] of steps.entries()) {
          const now = T0 + index * 1000;
          try {
            live =
              kind === 'update'
                ? updated(live, next, { manager, now })
                : applied(live, next, { manager, now, force: kind === 'force' });
          } catch (error) {
            if (error instanceof StatusError && error.code === 409) continue;
            throw error;
          }
          const operation = kind === 'update' ? 'Update' : 'Apply';
          for (const [name, text] of Object.entries(next.data)) {
            const id = `${manager} ${operation} ${name}`;
            wrote.set(id, (wrote.get(id) ?? new Set()).add(text));
          }
          checkOwners(live, wrote);
        }
      }),
      RUNS,
    );
  });
});

function checkOwners(object: KubeObject, wrote: ReadonlyMap<string, ReadonlySet<string>>): void {
  for (const { manager, operation, fieldsV1 } of object.metadata.managedFields ?? []) {
    const owned = ((fieldsV1 as JsonObject)['f:data'] ?? {}) as JsonObject;
    for (const element of Object.keys(owned)) {
      if (element === '.') continue;
      const name = element.slice(2);
      const present = (object.data as Data | undefined)?.[name];
      expect(present).toBeDefined();
      // What stood in an untracked object when it was first applied to.
      if (manager === 'before-first-apply') continue;
      expect([...(wrote.get(`${manager} ${operation} ${name}`) ?? [])]).toContain(present);
    }
  }
}
