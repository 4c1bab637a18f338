/** Named values of a shard, read once when it opens and written through. */
import type { ObjectKey } from './contract.ts';
import type { SqlDatabase } from './sql-database.ts';

const TRACKED = 'tracked/';
const INDEXED = 'indexed/';
const NO_FIELDS: ReadonlySet<string> = new Set();

export class SqliteState {
  readonly #db: SqlDatabase;
  readonly #firstRevision: number;
  /** Resources whose changes callers follow by `tracked`. */
  readonly tracked = new Set<string>();
  /** Fields that have look-up rows, by resource. */
  readonly #indexed = new Map<string, Set<string>>();
  compacted = 0;

  constructor(db: SqlDatabase, firstRevision: number) {
    this.#db = db;
    this.#firstRevision = firstRevision;
    this.reload();
  }

  /** After a roll-back: what is in memory must not be ahead of what is stored. */
  reload(): void {
    this.compacted = this.#firstRevision;
    this.tracked.clear();
    this.#indexed.clear();
    for (const [name, value] of this.#db.rows("SELECT name, value FROM state WHERE name NOT LIKE 'secret/%'")) {
      const key = String(name);
      if (key === 'compacted') this.compacted = Number(value);
      else if (key.startsWith(TRACKED)) this.tracked.add(key.slice(TRACKED.length));
      else if (key.startsWith(INDEXED)) this.#noteIndexed(key.slice(INDEXED.length));
    }
  }

  read(name: string): string | undefined {
    const value = this.#db.rows('SELECT value FROM state WHERE name = ?', name)[0]?.[0];
    return value === undefined ? undefined : String(value);
  }

  write(name: string, value: string): void {
    this.#db.run(
      'INSERT INTO state (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
      name,
      value,
    );
  }

  setCompacted(revision: number): void {
    this.write('compacted', String(revision));
    this.compacted = revision;
  }

  track(resource: string): void {
    this.write(TRACKED + resource, '');
    this.tracked.add(resource);
  }

  addIndexed(resource: string, field: string): void {
    this.write(`${INDEXED}${resource}/${field}`, '');
    this.#noteIndexed(`${resource}/${field}`);
  }

  indexedFields(resource: string): ReadonlySet<string> {
    return this.#indexed.get(resource) ?? NO_FIELDS;
  }

  #noteIndexed(name: string): void {
    const slash = name.indexOf('/');
    const resource = name.slice(0, slash);
    const fields = this.#indexed.get(resource) ?? new Set<string>();
    this.#indexed.set(resource, fields.add(name.slice(slash + 1)));
  }
}

/** The order of keys everywhere: of NAMESPACE/NAME, so that a namespace `a-b` comes before `a`. */
export function compareKeys(
  a: Pick<ObjectKey, 'namespace' | 'name'>,
  b: Pick<ObjectKey, 'namespace' | 'name'>,
): number {
  if (a.namespace !== b.namespace) return compareNamespaces(a.namespace, b.namespace);
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** The order of the keys of two different namespaces. */
export function compareNamespaces(a: string, b: string): number {
  return `${a}/` < `${b}/` ? -1 : 1;
}
