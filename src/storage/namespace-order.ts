/**
 * The order in which a list of all namespaces takes them. Keys are NAMESPACE/NAME in bytes, the index has namespaces as
 * they are: the two differ only where one namespace is the start of another that goes on with a dash. Which namespaces
 * there are is read once per resource and kept current by commits; it may know of some that are empty by now.
 */
import type { ObjectKey } from './contract.ts';
import type { SqlDatabase } from './sql-database.ts';
import { compareNamespaces } from './sqlite-state.ts';

export class NamespaceOrder {
  readonly #db: SqlDatabase;
  readonly #known = new Map<string, Set<string>>();
  /** By resource; null where the index has the right order. */
  readonly #ordered = new Map<string, readonly string[] | null>();

  constructor(db: SqlDatabase) {
    this.#db = db;
  }

  /** The namespaces of a resource in key order; null where the index has them in that order. */
  of(resource: string): readonly string[] | null {
    const before = this.#ordered.get(resource);
    if (before !== undefined) return before;
    const known = this.#known.get(resource) ?? this.#read(resource);
    this.#known.set(resource, known);
    const indexed = [...known].sort();
    const ordered = indexed.toSorted(compareNamespaces);
    const order = ordered.every((namespace, index) => namespace === indexed[index]) ? null : ordered;
    this.#ordered.set(resource, order);
    return order;
  }

  /** Takes in the key of an object that was created. */
  created({ resource, namespace }: ObjectKey): void {
    const known = this.#known.get(resource);
    if (!known || known.has(namespace)) return;
    known.add(namespace);
    this.#ordered.delete(resource);
  }

  /** The index is asked for one namespace after the other, so that no object is read. */
  #read(resource: string): Set<string> {
    const found = new Set<string>();
    for (let last = ''; ; ) {
      const [row] = this.#db.rows(
        'SELECT namespace FROM objects WHERE resource = ? AND namespace > ? ORDER BY namespace LIMIT 1',
        resource,
        last,
      );
      if (!row) return found;
      last = String(row[0]);
      found.add(last);
    }
  }
}
