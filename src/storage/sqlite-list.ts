/** Lists of a shard: at present straight from the objects, in the past with the later changes taken back. */
import type { ListQuery, ObjectKey } from './contract.ts';
import type { ListPage, ProjectionPage } from './engine.ts';
import type { LabelIndex } from './label-index.ts';
import { PageBuilder } from './list-page.ts';
import type { NamespaceOrder } from './namespace-order.ts';
import { compileSelection, isFiltered } from './selection.ts';
import type { SqlDatabase, SqlValue } from './sql-database.ts';
import { firstSeqOf } from './sqlite-events.ts';
import { decodeMeta, decodeProjection, lookupFor } from './sqlite-lookups.ts';
import { compareKeys, compareNamespaces, type SqliteState } from './sqlite-state.ts';

interface Place {
  namespace: string;
  name: string;
}

/** What became of one object since the revision that is read. */
interface Change extends Place {
  /** Sequence number of the first event after that revision; its old state is the one to list. */
  seq: number;
  existedThen: boolean;
  existsNow: boolean;
}

interface Conditions {
  from: string;
  where: string;
  values: SqlValue[];
}

const CREATED = 0;
const DELETED = 2;

export class SqliteList {
  readonly #db: SqlDatabase;
  readonly #state: SqliteState;
  readonly #labels: LabelIndex;
  readonly #namespaces: NamespaceOrder;

  constructor(
    db: SqlDatabase,
    { state, labels, namespaces }: { state: SqliteState; labels: LabelIndex; namespaces: NamespaceOrder },
  ) {
    this.#db = db;
    this.#state = state;
    this.#labels = labels;
    this.#namespaces = namespaces;
  }

  page(query: ListQuery, at: { revision: number; current: number; tracked: number }): ListPage {
    const changes = at.revision < at.current ? this.#changesSince(query, at.revision) : [];
    const page = new PageBuilder(query);
    const changed = new Map(changes.map((change) => [`${change.namespace}\0${change.name}`, change]));
    const former = changes.filter((change) => change.existedThen && isAfter(change, query.after));
    let next = 0;
    const addFormerBefore = (place: Place | undefined): boolean => {
      for (; next < former.length; next++) {
        const change = former[next]!;
        if (place && compareKeys(change, place) > 0) return true;
        if (!this.#addFormer(page, query, change)) return false;
      }
      return true;
    };
    this.#eachPresent(query, (place, text) => {
      if (changed.has(`${place.namespace}\0${place.name}`)) return true;
      return addFormerBefore(place) && page.add(place, text());
    });
    if (!page.full) addFormerBefore(undefined);
    return page.finish({ revision: at.revision, tracked: at.tracked }, () =>
      isFiltered(query) ? undefined : this.#countAfter(query, page.last, changes),
    );
  }

  projections(
    resources: readonly string[],
    after: ObjectKey | undefined,
    at: { revision: number; limit: number },
  ): ProjectionPage {
    const objects: ProjectionPage['objects'] = [];
    const { revision, limit } = at;
    for (const resource of [...resources].sort()) {
      if (after && resource < after.resource) continue;
      const query = { resource, ...(after?.resource === resource ? { after } : {}) };
      const { from, where, values } = this.#conditions(query);
      const text = `SELECT namespace, name, revision, meta FROM ${from} WHERE ${where} ORDER BY namespace, name LIMIT ?`;
      for (const [namespace, name, written, meta] of this.#db.rows(text, ...values, limit + 1 - objects.length)) {
        if (objects.length === limit) return { revision, objects, next: objects.at(-1)!.key };
        const key = { resource, namespace: String(namespace), name: String(name) };
        objects.push({ key, revision: Number(written), projection: decodeProjection(String(meta)) });
      }
    }
    return { revision, objects };
  }

  /** Present objects that the selection wants, in key order, until `visit` has had enough. */
  #eachPresent(query: ListQuery, visit: (place: Place, text: () => string) => boolean): void {
    let wanted = true;
    for (const part of this.#inKeyOrder(query)) {
      this.#eachOf(part, (place, text) => {
        wanted = visit(place, text);
        return wanted;
      });
      if (!wanted) return;
    }
  }

  /** Queries that give, one after the other, the objects of `query` in key order. */
  #inKeyOrder(query: ListQuery): ListQuery[] {
    const namespaces = query.namespace === undefined ? this.#namespaces.of(query.resource) : null;
    if (!namespaces) return [query];
    const { after, ...rest } = query;
    return namespaces.flatMap((namespace) => {
      if (after?.namespace === namespace) return [{ ...query, namespace }];
      const passed = after !== undefined && compareNamespaces(namespace, after.namespace) < 0;
      return passed ? [] : [{ ...rest, namespace }];
    });
  }

  #eachOf(query: ListQuery, visit: (place: Place, text: () => string) => boolean): void {
    const { from, where, values } = this.#conditions(query);
    const order = `WHERE ${where} ORDER BY namespace, name`;
    if (!isFiltered(query)) {
      this.#db.each(`SELECT namespace, name, text FROM ${from} ${order}`, values, ([namespace, name, text]) =>
        visit({ namespace: String(namespace), name: String(name) }, () => String(text)),
      );
      return;
    }
    const matches = compileSelection(query);
    this.#db.each(
      `SELECT namespace, name, meta, text FROM ${from} ${order}`,
      values,
      ([namespace, name, meta, text]) => {
        const place = { namespace: String(namespace), name: String(name) };
        if (!matches({ resource: query.resource, ...place }, decodeMeta(String(meta)))) return true;
        return visit(place, () => String(text));
      },
    );
  }

  #conditions(query: ListQuery): Conditions {
    const clauses = ['resource = ?'];
    const values: SqlValue[] = [query.resource];
    const add = (clause: string, ...more: SqlValue[]): void => {
      clauses.push(clause);
      values.push(...more);
    };
    if (query.namespace !== undefined) add('namespace = ?', query.namespace);
    const name = query.fields?.find(({ field, operator }) => field === 'metadata.name' && operator === '=');
    if (name) add('name = ?', name.value);
    if (query.after) addPlace(query.after, query.namespace, add);
    const found = this.#candidates(query);
    if (found) add(`id IN (${found.ids})`, found.value);
    else for (const needle of needles(query)) add('instr(meta, ?) > 0', needle);
    return { from: found ? 'objects NOT INDEXED' : 'objects', where: clauses.join(' AND '), values };
  }

  /** A query for the ids of the objects among which are all that are wanted, and its value, where that narrows it. */
  #candidates(query: ListQuery): { ids: string; value: string } | undefined {
    const lookup = lookupFor(this.#state, query);
    if (lookup !== undefined) return { ids: 'SELECT object FROM lookups WHERE value = ?', value: lookup };
    const labelled = this.#labels.candidates(query);
    return labelled && { ids: 'SELECT value FROM json_each(?)', value: JSON.stringify(labelled) };
  }

  /** Per object of the scope that changed after `revision`, in key order. */
  #changesSince(query: ListQuery, revision: number): Change[] {
    const clauses = ['seq >= ?', 'resource = ?'];
    const values: SqlValue[] = [firstSeqOf(revision + 1), query.resource];
    if (query.namespace !== undefined) {
      clauses.push('namespace = ?');
      values.push(query.namespace);
    }
    const rows = this.#db.rows(
      `SELECT namespace, name, min(seq * 4 + type), max(seq * 4 + type) FROM events
       WHERE ${clauses.join(' AND ')} GROUP BY namespace, name`,
      ...values,
    );
    const changes = rows.map(([namespace, name, first, last]) => ({
      namespace: String(namespace),
      name: String(name),
      seq: Math.floor(Number(first) / 4),
      existedThen: Number(first) % 4 !== CREATED,
      existsNow: Number(last) % 4 !== DELETED,
    }));
    return changes.sort(compareKeys);
  }

  #addFormer(page: PageBuilder, query: ListQuery, change: Change): boolean {
    const [meta, text] = this.#db.rows('SELECT old_meta, old_text FROM events WHERE seq = ?', change.seq)[0] ?? [];
    const key = { resource: query.resource, namespace: change.namespace, name: change.name };
    if (!compileSelection(query)(key, decodeMeta(String(meta)))) return true;
    return page.add(key, String(text));
  }

  #countAfter(query: ListQuery, last: Place | undefined, changes: readonly Change[]): number {
    let count = 0;
    for (const part of this.#inKeyOrder({ ...query, ...(last ? { after: last } : {}) })) {
      const { from, where, values } = this.#conditions(part);
      count += Number(this.#db.rows(`SELECT count(*) FROM ${from} WHERE ${where}`, ...values)[0]?.[0]);
    }
    for (const change of changes) {
      if (isAfter(change, last)) count += Number(change.existedThen) - Number(change.existsNow);
    }
    return count;
  }
}

function isAfter(place: Place, after: Place | undefined): boolean {
  return after === undefined || compareKeys(place, after) > 0;
}

/** Only what follows `after`; within one namespace by name alone, which the index serves best. */
function addPlace(
  after: Place,
  namespace: string | undefined,
  add: (clause: string, ...values: SqlValue[]) => void,
): void {
  if (namespace === undefined) add('(namespace, name) > (?, ?)', after.namespace, after.name);
  else if (namespace === after.namespace) add('name > ?', after.name);
  else if (namespace < after.namespace) add('0');
}

/** At most this many, because a statement may bind only so much. */
const MAX_NEEDLES = 8;

/** Texts that the JSON of every matching projection contains: a cheap test before the exact one. */
function needles(query: ListQuery): string[] {
  const found: string[] = [];
  for (const { key, operator, values } of query.labels ?? []) {
    if (operator === 'in' && values.length === 1) found.push(`${JSON.stringify(key)}:${JSON.stringify(values[0])}`);
    else if (operator === 'exists' || operator === 'in') found.push(`${JSON.stringify(key)}:`);
  }
  for (const { field, operator, value } of query.fields ?? []) {
    if (field.startsWith('metadata.na') || operator !== '=' || value === '') continue;
    found.push(`${JSON.stringify(field)}:${JSON.stringify(value)}`);
  }
  return found.slice(0, MAX_NEEDLES);
}
