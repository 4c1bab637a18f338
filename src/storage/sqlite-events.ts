/** Reads the event log of a shard. Each event's text is found one event ahead, or in the object itself. */
import type { ObjectKey, Projection } from './contract.ts';
import { replaceRevision } from './encoded-text.ts';
import type { EventPage, EventQuery, ShardEvent } from './engine.ts';
import type { SqlDatabase, SqlValue } from './sql-database.ts';
import { decodeProjection } from './sqlite-lookups.ts';

/** Operations of one transaction; the sequence number of an event is its revision times this, plus its place. */
export const MAX_OPS = 1024;
const EVENT_TYPES = ['ADDED', 'MODIFIED', 'DELETED'] as const;

/** The row of the first write of a revision, and the revision of a row. */
export const firstSeqOf = (revision: number): number => revision * MAX_OPS;
export const revisionOf = (seq: number): number => Math.floor(seq / MAX_OPS);

/** Text and projection at one time; what nobody asks for is never made. */
export class State {
  readonly #text: string;
  readonly #meta: string;
  readonly #stamp: { at: number; revision: number } | undefined;
  #projection: Projection | undefined;

  /** With `stamp` the text gets another revision. */
  constructor(text: string, meta: string, stamp?: { at: number; revision: number }) {
    this.#text = text;
    this.#meta = meta;
    this.#stamp = stamp;
  }

  get text(): string {
    return this.#stamp ? replaceRevision(this.#text, this.#stamp.at, this.#stamp.revision) : this.#text;
  }

  get projection(): Projection {
    this.#projection ??= decodeProjection(this.#meta);
    return this.#projection;
  }
}

/** One row of the log. */
export class LoggedEvent implements ShardEvent {
  readonly revision: number;
  readonly type: ShardEvent['type'];
  readonly key: ObjectKey;
  readonly old?: State;
  readonly #state: State;

  constructor(event: { revision: number; type: ShardEvent['type']; key: ObjectKey; state: State; old?: State }) {
    this.revision = event.revision;
    this.type = event.type;
    this.key = event.key;
    this.#state = event.state;
    if (event.old) this.old = event.old;
  }

  get text(): string {
    return this.#state.text;
  }

  get projection(): Projection {
    return this.#state.projection;
  }
}

const COLUMNS =
  'seq, object, type, resource, namespace, name, final_meta, old_revision_at, old_meta, old_text, final_text';

export class SqliteEvents {
  readonly #db: SqlDatabase;
  /** For each event, the next one of the same object; covers the log from `#chainFrom` through `#chainTo`. */
  readonly #next = new Map<number, number>();
  readonly #latest = new Map<number, number>();
  #chainFrom = Number.POSITIVE_INFINITY;
  #chainTo = 0;

  constructor(db: SqlDatabase) {
    this.#db = db;
  }

  page(query: EventQuery, revision: number): EventPage {
    const from = firstSeqOf(query.since + 1);
    this.#chain(from);
    const rows: SqlValue[][] = [];
    let characters = 0;
    let through = query.since;
    let more = false;
    const filter = query.resources ? `AND resource IN (${query.resources.map(() => '?').join(', ')})` : '';
    const maxEvents = query.maxEvents ?? Number.POSITIVE_INFINITY;
    const text = `SELECT ${COLUMNS} FROM events WHERE seq >= ? ${filter} ORDER BY seq`;
    this.#db.each(text, [from, ...(query.resources ?? [])], (row) => {
      const at = revisionOf(Number(row[0]));
      if (at > through && (characters > query.maxCharacters || rows.length >= maxEvents)) {
        more = true;
        return false;
      }
      through = at;
      rows.push(row);
      // The replaced text stands for the new one, which is not at hand yet and about as long.
      characters += String(row[9] ?? '').length + 500;
      return true;
    });
    const events = rows.map((row) => this.#event(row));
    if (!more) this.#forget();
    return { events, through: more ? through : Math.max(query.since, revision), more };
  }

  /** Reads the links of the log from `from` on, where they are not known yet. */
  #chain(from: number): void {
    if (from < this.#chainFrom) {
      this.#forget();
      this.#chainFrom = from;
    }
    const start = Math.max(this.#chainTo + 1, this.#chainFrom);
    this.#db.each('SELECT seq, object FROM events WHERE seq >= ? ORDER BY seq', [start], ([seq, object]) => {
      const before = this.#latest.get(Number(object));
      if (before !== undefined) this.#next.set(before, Number(seq));
      this.#latest.set(Number(object), Number(seq));
      this.#chainTo = Number(seq);
      return true;
    });
  }

  #forget(): void {
    this.#next.clear();
    this.#latest.clear();
    this.#chainFrom = Number.POSITIVE_INFINITY;
    this.#chainTo = 0;
  }

  #event(row: SqlValue[]): ShardEvent {
    const [seq, object, type, resource, namespace, name, finalMeta, oldAt, oldMeta, oldText, finalText] = row;
    const revision = revisionOf(Number(seq));
    const key = { resource: String(resource), namespace: String(namespace), name: String(name) };
    const stamp = { at: Number(oldAt), revision };
    const old = oldText === null ? undefined : new State(String(oldText), String(oldMeta), stamp);
    const kind = EVENT_TYPES[Number(type)]!;
    const state =
      kind === 'DELETED' ? finalState({ finalText, finalMeta, old }) : this.#stateAfter(Number(seq), Number(object));
    return new LoggedEvent({ revision, type: kind, key, state, ...(old ? { old } : {}) });
  }

  #stateAfter(seq: number, object: number): State {
    const next = this.#next.get(seq);
    const row =
      next === undefined
        ? this.#db.rows('SELECT text, meta FROM objects WHERE id = ?', object)[0]
        : this.#db.rows('SELECT old_text, old_meta FROM events WHERE seq = ?', next)[0];
    if (!row) throw new Error(`event log: no state after ${seq}`);
    return new State(String(row[0]), String(row[1]));
  }
}

function finalState(event: { finalText?: SqlValue; finalMeta?: SqlValue; old: State | undefined }): State {
  if (typeof event.finalText === 'string') return new State(event.finalText, String(event.finalMeta));
  if (!event.old) throw new Error('event log: a deletion without the state before it');
  return event.old;
}
