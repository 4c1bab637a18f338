/** The shard engine on SQLite. `SPEC.md` states what it promises, `schema.ts` how rows are laid out and why. */
import { type Clock, systemClock } from '../base/clock.ts';
import type {
  ChangesQuery,
  ChangesResult,
  DependentObject,
  GetResult,
  ListQuery,
  ObjectKey,
  Precondition,
  StoredObject,
  Transaction,
  TransactionResult,
} from './contract.ts';
import { isTooLarge, replaceRevision, withRevision } from './encoded-text.ts';
import {
  assertDistinctKeys,
  type EventPage,
  type EventQuery,
  type ListPage,
  type ProjectionPage,
  type ShardEngine,
  type ShardEvent,
} from './engine.ts';
import { type LabelChange, LabelIndex } from './label-index.ts';
import { readRevision } from './list-page.ts';
import { migrate } from './migrations.ts';
import { NamespaceOrder } from './namespace-order.ts';
import { ReadRows } from './read-rows.ts';
import { isFullError, type SqlDatabase } from './sql-database.ts';
import { firstSeqOf, LoggedEvent, MAX_OPS, revisionOf, SqliteEvents, State } from './sqlite-events.ts';
import { SqliteList } from './sqlite-list.ts';
import { dependentsOf, type Meta, moveClaims, writeLookups } from './sqlite-lookups.ts';
import { metaOf, publicPart, type Row, rowAfter, rowOf } from './sqlite-row.ts';
import { SqliteState } from './sqlite-state.ts';

type Failure = Omit<Extract<TransactionResult, { ok: false }>, 'tracked'>;

/** Thrown inside a transaction to roll it back. */
class Refused extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.why);
    this.failure = failure;
  }
}

const FIRST_REVISION = 1;
/** Transaction ids remembered for TX-3; as many are read back from the log after a restart as it still has. */
const REMEMBERED_TRANSACTIONS = 2048;
const NO_META: Meta = { uid: '', labels: {}, fields: {}, indexed: [], owners: [], deleting: false };
const SELECT_ROW =
  'SELECT id, revision, revision_at, meta, text FROM objects WHERE resource = ? AND namespace = ? AND name = ?';
const SELECT_BY_ID =
  'SELECT id, revision, revision_at, meta, text, resource, namespace, name FROM objects WHERE id = ?';

export class SqliteEngine implements ShardEngine {
  readonly #db: SqlDatabase;
  readonly #clock: Clock;
  readonly state: SqliteState;
  readonly #log: SqliteEvents;
  readonly #lists: SqliteList;
  readonly #labels: LabelIndex;
  readonly #namespaces: NamespaceOrder;
  #revision: number;
  #trackedRevision: number;
  #applied: Map<string, number> | undefined;
  readonly #read = new ReadRows<Row>();

  /** Opens the shard and brings its tables up to date. */
  constructor(db: SqlDatabase, clock: Clock = systemClock) {
    this.#db = db;
    this.#clock = clock;
    migrate(db);
    this.state = new SqliteState(db, FIRST_REVISION);
    this.#log = new SqliteEvents(db);
    this.#labels = new LabelIndex(db);
    this.#namespaces = new NamespaceOrder(db);
    this.#lists = new SqliteList(db, { state: this.state, labels: this.#labels, namespaces: this.#namespaces });
    // REV-1: the log and what was compacted from it together know the last revision.
    const last = db.rows('SELECT max(seq) FROM events')[0]?.[0];
    this.#revision = Math.max(this.state.compacted, typeof last === 'number' ? revisionOf(last) : 0);
    // Later than the last tracked write is harmless: a cache asks once too often.
    this.#trackedRevision = this.#revision;
  }

  revision(): number {
    return this.#revision;
  }

  compacted(): number {
    return this.state.compacted;
  }

  tracked(): number {
    return this.#trackedRevision;
  }

  get(key: ObjectKey): GetResult {
    const row = this.#row(key);
    if (row) this.#read.keep(key, row);
    return { object: row ? publicPart(row) : null, revision: this.#revision, tracked: this.#trackedRevision };
  }

  list(query: ListQuery): ListPage {
    const at = { current: this.#revision, compacted: this.state.compacted, tracked: this.#trackedRevision };
    const revision = readRevision(query, at);
    if (typeof revision !== 'number') return revision;
    return this.#lists.page(query, { ...at, revision });
  }

  transact(transaction: Transaction): { result: TransactionResult; events: ShardEvent[] } {
    assertDistinctKeys(transaction);
    if (transaction.ops.length > MAX_OPS) throw new Error(`a transaction has at most ${MAX_OPS} operations`);
    const applied = this.#appliedTransactions();
    const known = applied.get(transaction.id);
    if (known !== undefined) return { result: this.#replay(transaction, known), events: [] };
    const objects: (StoredObject | null)[] = [];
    const changes: RowChange[] = [];
    try {
      this.#db.transaction(() => {
        for (let op = 0; op < transaction.ops.length; op++) this.#apply(transaction, op, { objects, changes });
      });
    } catch (error) {
      this.state.reload();
      const tracked = this.#trackedRevision;
      if (error instanceof Refused) return { result: { ...error.failure, tracked }, events: [] };
      if (isFullError(error)) return { result: { ok: false, op: objects.length, why: 'Full', tracked }, events: [] };
      throw error;
    }
    const events = changes.map(eventOf);
    if (events.length > 0) this.#note(transaction.id, events);
    for (const change of changes) {
      this.#labels.apply(labelChange(change));
      if (change.type === 'create') this.#namespaces.created(change.after.key);
    }
    return { result: { ok: true, revision: this.#revision, objects, tracked: this.#trackedRevision }, events };
  }

  changes(query: ChangesQuery): ChangesResult {
    for (const resource of query.resources) {
      if (this.state.tracked.has(resource)) continue;
      this.state.track(resource);
      this.#trackedRevision = this.#revision;
    }
    const { since, resources } = query;
    if (since !== undefined && since < this.state.compacted) return { ok: false, why: 'Expired' };
    const names = JSON.stringify(resources);
    const rows =
      since === undefined
        ? this.#db.rows(
            `SELECT resource, namespace, name, revision, text FROM objects
             WHERE resource IN (SELECT value FROM json_each(?)) ORDER BY resource, namespace, name`,
            names,
          )
        : this.#db.rows(
            `SELECT e.resource, e.namespace, e.name, max(e.seq) / ${MAX_OPS}, o.text FROM events e
             LEFT JOIN objects o ON o.resource = e.resource AND o.namespace = e.namespace AND o.name = e.name
             WHERE e.seq >= ? AND e.resource IN (SELECT value FROM json_each(?))
             GROUP BY e.resource, e.namespace, e.name ORDER BY max(e.seq)`,
            firstSeqOf(since + 1),
            names,
          );
    const changes = rows.map(([resource, namespace, name, revision, text]) => ({
      key: { resource: String(resource), namespace: String(namespace), name: String(name) },
      revision: Number(revision),
      text: typeof text === 'string' ? text : null,
    }));
    return { ok: true, revision: this.#revision, tracked: this.#trackedRevision, changes };
  }

  events(query: EventQuery): EventPage {
    return this.#log.page(query, this.#revision);
  }

  dependents(owner: string): DependentObject[] {
    return dependentsOf(this.#db, owner);
  }

  resources(): string[] {
    // One seek per resource: SQLite has no skip scan for DISTINCT.
    const found: string[] = [];
    for (let after = ''; ; after = found.at(-1)!) {
      const next = this.#db.rows('SELECT min(resource) FROM objects WHERE resource > ?', after)[0]?.[0];
      if (typeof next !== 'string') return found;
      found.push(next);
    }
  }

  projections(resources: readonly string[], after: ObjectKey | undefined, limit: number): ProjectionPage {
    return this.#lists.projections(resources, after, { revision: this.#revision, limit });
  }

  compact(before: number, limit: number): boolean {
    let last: number | undefined;
    let count = 0;
    let more = false;
    this.#db.each('SELECT seq, at FROM events ORDER BY seq', [], ([seq, at]) => {
      if (Number(at) >= before) return false;
      // All events of one revision go together, or a reader at that revision would see half of it.
      if (count >= limit && last !== undefined && revisionOf(Number(seq)) > revisionOf(last)) {
        more = true;
        return false;
      }
      last = Number(seq);
      count++;
      return true;
    });
    if (last === undefined) return false;
    const compacted = revisionOf(last);
    this.#db.transaction(() => {
      this.#db.run('DELETE FROM events WHERE seq < ?', firstSeqOf(compacted + 1));
      this.state.setCompacted(compacted);
    });
    return more;
  }

  oldestEvent(): number | undefined {
    const at = this.#db.rows('SELECT at FROM events ORDER BY seq LIMIT 1')[0]?.[0];
    return typeof at === 'number' ? at : undefined;
  }

  #row(key: ObjectKey): Row | undefined {
    const row = this.#db.rows(SELECT_ROW, key.resource, key.namespace, key.name)[0];
    return row && rowOf(key, row);
  }

  #apply(
    transaction: Transaction,
    index: number,
    done: { objects: (StoredObject | null)[]; changes: RowChange[] },
  ): void {
    const op = transaction.ops[index]!;
    const before = op.type === 'create' ? undefined : (this.#read.take(op.key) ?? this.#row(op.key));
    const refused = op.type === 'create' ? undefined : unmet(op.expect, before);
    if (refused) throw new Refused({ ok: false, op: index, ...refused });
    if (op.type === 'check') {
      done.objects.push(null);
      return;
    }
    if (op.object && isTooLarge(op.object)) throw new Refused({ ok: false, op: index, why: 'TooLarge' });
    const after = rowAfter(op, before, this.#revision + 1);
    if (op.type === 'create') {
      const id = this.#insert(after);
      if (id === undefined) throw new Refused({ ok: false, op: index, ...occupied(this.#row(op.key)!) });
      after.id = id;
    } else if (op.type === 'update') this.#replace(after);
    else this.#db.run('DELETE FROM objects WHERE id = ?', after.id);
    const change = { type: op.type, before, after };
    const taken = this.#index(change);
    if (taken) throw new Refused({ ok: false, op: index, why: 'ClaimTaken', ...taken });
    this.#logEvent(transaction, index, { ...change, ownState: op.type === 'delete' && op.object !== undefined });
    done.objects.push(publicPart(after));
    done.changes.push(change);
  }

  /** Undefined where the key is taken: looking first would be one statement more for each create. */
  #insert(row: Row): number | undefined {
    const { key, revision, revisionAt, meta, text } = row;
    const inserted = this.#db.rows(
      `INSERT INTO objects (resource, namespace, name, revision, revision_at, meta, text)
       VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id`,
      ...[key.resource, key.namespace, key.name, revision, revisionAt, meta, text],
    );
    return inserted[0] && Number(inserted[0][0]);
  }

  #replace(row: Row): void {
    this.#db.run(
      'UPDATE objects SET revision = ?, revision_at = ?, meta = ?, text = ? WHERE id = ?',
      ...[row.revision, row.revisionAt, row.meta, row.text, row.id],
    );
  }

  #index({ type, before, after }: RowChange): { claim: string; current?: StoredObject } | undefined {
    if (type === 'update' && before?.meta === after.meta) return undefined;
    const from = before ? metaOf(before) : NO_META;
    const to = type === 'delete' ? NO_META : metaOf(after);
    writeLookups(this.#db, this.state, { resource: after.key.resource, object: after.id, before: from, after: to });
    const taken = moveClaims(this.#db, after.id, from, to);
    if (!taken) return undefined;
    const [claim, id] = taken;
    const holder = this.#db.rows(SELECT_BY_ID, id)[0];
    if (!holder) return { claim };
    const key = { resource: String(holder[5]), namespace: String(holder[6]), name: String(holder[7]) };
    return { claim, current: publicPart(rowOf(key, holder)) };
  }

  #logEvent(transaction: Transaction, index: number, change: RowChange & { ownState: boolean }): void {
    const { type, before, after, ownState } = change;
    const { key } = after;
    this.#db.run(
      `INSERT INTO events (seq, at, object, type, transaction_id, resource, namespace, name, final_meta,
       old_revision_at, old_meta, old_text, final_text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[firstSeqOf(after.revision) + index, this.#clock.now(), after.id, TYPE_NUMBER[type], transaction.id],
      ...[key.resource, key.namespace, key.name, ownState ? after.meta : null],
      ...[before?.revisionAt ?? null, before?.meta ?? null, before?.text ?? null, ownState ? after.text : null],
    );
  }

  #note(id: string, events: readonly ShardEvent[]): void {
    this.#revision++;
    if (events.some((event) => this.state.tracked.has(event.key.resource))) this.#trackedRevision = this.#revision;
    const applied = this.#appliedTransactions();
    applied.set(id, this.#revision);
    if (applied.size <= REMEMBERED_TRANSACTIONS) return;
    const oldest = applied.keys().next();
    if (!oldest.done) applied.delete(oldest.value);
  }

  /** TX-3 without an index: the ids are in the log, and the newest of them in memory. */
  #appliedTransactions(): Map<string, number> {
    if (this.#applied) return this.#applied;
    const rows = this.#db.rows(
      'SELECT transaction_id, seq FROM events ORDER BY seq DESC LIMIT ?',
      REMEMBERED_TRANSACTIONS,
    );
    this.#applied = new Map(rows.reverse().map(([id, seq]) => [String(id), revisionOf(Number(seq))]));
    return this.#applied;
  }

  /** The answer to a transaction that was applied at `revision` before: the same operations give the same texts. */
  #replay(transaction: Transaction, revision: number): TransactionResult {
    const objects = transaction.ops.map((op, index): StoredObject | null => {
      if (op.type === 'check') return null;
      if (op.object) return { key: op.key, revision, text: withRevision(op.object, revision) };
      const row = this.#db.rows(
        'SELECT old_text, old_revision_at FROM events WHERE seq = ?',
        firstSeqOf(revision) + index,
      )[0];
      if (!row) return null;
      return { key: op.key, revision, text: replaceRevision(String(row[0]), Number(row[1]), revision) };
    });
    return { ok: true, revision, objects, tracked: this.#trackedRevision };
  }
}

interface RowChange {
  type: 'create' | 'update' | 'delete';
  before: Row | undefined;
  after: Row;
}

const TYPE_NUMBER = { create: 0, update: 1, delete: 2 } as const;
const EVENT_TYPE = { create: 'ADDED', update: 'MODIFIED', delete: 'DELETED' } as const;

function eventOf({ type, before, after }: RowChange): ShardEvent {
  const { key, revision } = after;
  const old = before && new State(before.text, before.meta, { at: before.revisionAt, revision });
  const state = new State(after.text, after.meta);
  return new LoggedEvent({ revision, type: EVENT_TYPE[type], key, state, ...(old ? { old } : {}) });
}

function labelChange({ type, before, after }: RowChange): LabelChange {
  const { resource } = after.key;
  const unchanged = type === 'update' && before?.meta === after.meta;
  if (unchanged) return { resource, object: after.id };
  return {
    ...{ resource, object: after.id },
    before: before && metaOf(before).labels,
    after: type === 'delete' ? undefined : metaOf(after).labels,
  };
}

function occupied(row: Row): Pick<Failure, 'why' | 'current'> {
  return { why: 'AlreadyExists', current: publicPart(row) };
}

/** TX-2: why a precondition does not hold. */
function unmet(expect: Precondition | undefined, row: Row | undefined): Pick<Failure, 'why' | 'current'> | undefined {
  if (!row) return { why: 'NotFound' };
  if (expect?.uid !== undefined && expect.uid !== metaOf(row).uid) {
    return { why: 'UidMismatch', current: publicPart(row) };
  }
  if (expect?.revision !== undefined && expect.revision !== row.revision) {
    return { why: 'RevisionMismatch', current: publicPart(row) };
  }
  return undefined;
}
