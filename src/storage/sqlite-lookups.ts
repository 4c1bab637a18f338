/** Look-up rows: which objects an owner UID or an indexed field value leads to, and who holds a claim. */
import type { DependentObject, Projection, Selection } from './contract.ts';
import type { SqlDatabase } from './sql-database.ts';
import type { SqliteState } from './sqlite-state.ts';

/** What `objects.meta` holds. */
export interface Meta extends Projection {
  claims?: string[];
}

/** A projection and claims as the column of an object holds them. */
export function encodeMeta(projection: Projection, claims: readonly string[] | undefined): string {
  const { uid, labels, fields, indexed, owners, deleting, finalizers } = projection;
  const meta = { uid, labels, fields, indexed, owners, deleting, ...(finalizers && { finalizers }) };
  return JSON.stringify(claims && claims.length > 0 ? { ...meta, claims } : meta);
}

export function decodeMeta(meta: string): Meta {
  return JSON.parse(meta) as Meta;
}

/** What consumers may see of a stored meta: the projection without the claims. */
export function decodeProjection(meta: string): Projection {
  const { claims: _, ...projection } = decodeMeta(meta);
  return projection;
}

const ownerValue = (uid: string): string => `owner/${uid}`;
const fieldLookup = (resource: string, field: string, value: string): string => `field/${resource}/${field}/${value}`;

/** Values under which an object is found. An empty field value leads to nothing: it would be most objects. */
function lookupValues(resource: string, fields: Iterable<string>, meta: Meta): Set<string> {
  const values = new Set<string>();
  for (const { uid } of meta.owners) values.add(ownerValue(uid));
  for (const field of fields) {
    const value = meta.fields[field] ?? '';
    if (value !== '') values.add(fieldLookup(resource, field, value));
  }
  return values;
}

const NOTHING: Meta = { uid: '', labels: {}, fields: {}, indexed: [], owners: [], deleting: false };

export interface LookupChange {
  resource: string;
  object: number;
  before?: Meta;
  after?: Meta;
}

/** Writes the difference; most updates change nothing here. */
export function writeLookups(db: SqlDatabase, state: SqliteState, change: LookupChange): void {
  const { resource, object, before = NOTHING, after = NOTHING } = change;
  for (const field of after.indexed) {
    if (!state.indexedFields(resource).has(field)) startIndex(db, state, { resource, field });
  }
  const fields = state.indexedFields(resource);
  const from = lookupValues(resource, fields, before);
  const to = lookupValues(resource, fields, after);
  for (const value of from)
    if (!to.has(value)) db.run('DELETE FROM lookups WHERE value = ? AND object = ?', value, object);
  for (const value of to) {
    if (!from.has(value)) db.run('INSERT OR IGNORE INTO lookups (value, object) VALUES (?, ?)', value, object);
  }
}

/** First sight of an indexed field: objects written before it was indexed get their rows. */
function startIndex(db: SqlDatabase, state: SqliteState, index: { resource: string; field: string }): void {
  const { resource, field } = index;
  for (const [id, meta] of db.rows('SELECT id, meta FROM objects WHERE resource = ?', resource)) {
    const value = decodeMeta(String(meta)).fields[field] ?? '';
    if (value === '') continue;
    db.run(
      'INSERT OR IGNORE INTO lookups (value, object) VALUES (?, ?)',
      fieldLookup(resource, field, value),
      Number(id),
    );
  }
  state.addIndexed(resource, field);
}

/** The look-up value that narrows a selection most, if there is one. */
export function lookupFor(state: SqliteState, selection: Selection): string | undefined {
  if (selection.owner !== undefined) return ownerValue(selection.owner);
  for (const { field, operator, value } of selection.fields ?? []) {
    if (operator !== '=' || value === '') continue;
    if (state.indexedFields(selection.resource).has(field)) return fieldLookup(selection.resource, field, value);
  }
  return undefined;
}

/** Objects of any resource that name `owner` among their owners, in order of resource and key. */
export function dependentsOf(db: SqlDatabase, owner: string): DependentObject[] {
  const rows = db.rows(
    `SELECT o.resource, o.namespace, o.name, o.revision, o.meta FROM lookups l JOIN objects o ON o.id = l.object
     WHERE l.value = ? ORDER BY o.resource, o.namespace, o.name`,
    ownerValue(owner),
  );
  return rows.map(([resource, namespace, name, revision, meta]) => ({
    key: { resource: String(resource), namespace: String(namespace), name: String(name) },
    revision: Number(revision),
    projection: decodeProjection(String(meta)),
  }));
}

/** Releases and takes claims; answers the first one that another object holds, as `[claim, object id]`. */
export function moveClaims(db: SqlDatabase, object: number, before: Meta, after: Meta): [string, number] | undefined {
  const from = before.claims ?? [];
  const to = after.claims ?? [];
  for (const claim of from) if (!to.includes(claim)) db.run('DELETE FROM claims WHERE claim = ?', claim);
  for (const claim of to) {
    if (from.includes(claim)) continue;
    const holder = db.rows('SELECT object FROM claims WHERE claim = ?', claim)[0];
    if (holder) return [claim, Number(holder[0])];
    db.run('INSERT INTO claims (claim, object) VALUES (?, ?)', claim, object);
  }
  return undefined;
}
