/**
 * A bounded log of audit events in SQLite: one row a batch, since rows are what is paid for. The oldest batches go when
 * it is full. Consumers that forward events have a cursor each.
 */
import { type Migration, migrate } from './migrations.ts';
import type { SqlDatabase } from './sql-database.ts';

export interface AuditBatch {
  /** Rises from batch to batch. */
  seq: number;
  /** Milliseconds since the epoch at which it came. */
  at: number;
  events: string[];
}

export interface AuditPage {
  /** Events in order, each a JSON text. */
  events: string[];
  /** Where to go on; what was asked with when there is nothing newer. */
  next: number;
  /** Whether more is there already. */
  more: boolean;
}

export interface AuditQuery {
  /** Only what came after this place of an earlier page. */
  after?: number;
  /** Only batches that came at this time or later, in milliseconds since the epoch. */
  since?: number;
}

const MIGRATIONS: readonly Migration[] = [
  {
    name: '0000_audit',
    sql: `CREATE TABLE batches (seq integer PRIMARY KEY AUTOINCREMENT, at integer NOT NULL, size integer NOT NULL, events text NOT NULL);
--> statement-breakpoint
CREATE TABLE cursors (consumer text PRIMARY KEY NOT NULL, seq integer NOT NULL) WITHOUT ROWID;`,
  },
];

const OLDEST =
  "SELECT seq, size, length(events) - length(replace(events, char(10), '')) + 1 FROM batches ORDER BY seq LIMIT 1";
/** Characters of one row; SQLite in a Durable Object refuses rows of 2 MB. */
const MAX_ROW = 600_000;
/** Characters of one page. */
const MAX_PAGE = 4_000_000;
const MAX_LOG = 128 * 1024 * 1024;

export class AuditRows {
  readonly #sql: SqlDatabase;
  readonly #maxSize: number;
  #size: number;

  /** `maxSize`: characters that are kept. */
  constructor(sql: SqlDatabase, maxSize = MAX_LOG) {
    migrate(sql, MIGRATIONS);
    this.#sql = sql;
    this.#maxSize = maxSize;
    this.#size = Number(sql.rows('SELECT coalesce(sum(size), 0) FROM batches')[0]?.[0] ?? 0);
  }

  /** Keeps events, which hold no line breaks; the result is the number of older ones that went unread by `consumers`. */
  append(events: readonly string[], at: number, consumers: readonly string[] = []): number {
    return this.#sql.transaction(() => {
      for (const text of rowsOf(events)) {
        this.#sql.run('INSERT INTO batches (at, size, events) VALUES (?, ?, ?)', at, text.length, text);
        this.#size += text.length;
      }
      return this.#shrink(consumers);
    });
  }

  read({ after = 0, since = 0 }: AuditQuery): AuditPage {
    const events: string[] = [];
    let next = after;
    let size = 0;
    let more = false;
    this.#sql.each('SELECT seq, events FROM batches WHERE seq > ? AND at >= ? ORDER BY seq', [after, since], (row) => {
      const text = String(row[1]);
      size += text.length;
      more = size > MAX_PAGE && events.length > 0;
      if (more) return false;
      for (const event of text.split('\n')) events.push(event);
      next = Number(row[0]);
      return true;
    });
    return { events, next: next === 0 ? this.#last() : next, more };
  }

  /** The oldest batch that `consumer` has not had. */
  pending(consumer: string): AuditBatch | undefined {
    const [row] = this.#sql.rows(
      'SELECT seq, at, events FROM batches WHERE seq > ? ORDER BY seq LIMIT 1',
      this.#cursor(consumer),
    );
    return row && { seq: Number(row[0]), at: Number(row[1]), events: String(row[2]).split('\n') };
  }

  delivered(consumer: string, seq: number): void {
    this.#sql.run('INSERT OR REPLACE INTO cursors (consumer, seq) VALUES (?, ?)', consumer, seq);
  }

  /** A consumer that is new gets what comes from now on. */
  ensureConsumer(consumer: string): void {
    this.#sql.run('INSERT OR IGNORE INTO cursors (consumer, seq) VALUES (?, ?)', consumer, this.#last());
  }

  /** A consumer that is gone must not keep its place: were it back later, old events would go out. */
  forgetConsumer(consumer: string): void {
    this.#sql.run('DELETE FROM cursors WHERE consumer = ?', consumer);
  }

  #last(): number {
    return Number(this.#sql.rows('SELECT coalesce(max(seq), 0) FROM batches')[0]?.[0] ?? 0);
  }

  #cursor(consumer: string): number {
    return Number(this.#sql.rows('SELECT seq FROM cursors WHERE consumer = ?', consumer)[0]?.[0] ?? 0);
  }

  #shrink(consumers: readonly string[]): number {
    let lost = 0;
    while (this.#size > this.#maxSize) {
      const [row] = this.#sql.rows(OLDEST);
      if (!row) break;
      this.#sql.run('DELETE FROM batches WHERE seq = ?', row[0] ?? null);
      this.#size -= Number(row[1]);
      if (consumers.some((consumer) => this.#cursor(consumer) < Number(row[0]))) lost += Number(row[2]);
    }
    return lost;
  }
}

/** Events joined to texts of a size that a row may have; an event is never split. */
function rowsOf(events: readonly string[]): string[] {
  const rows: string[] = [];
  let row: string[] = [];
  let size = 0;
  for (const event of events) {
    if (row.length > 0 && size + event.length > MAX_ROW) {
      rows.push(row.join('\n'));
      row = [];
      size = 0;
    }
    row.push(event);
    size += event.length + 1;
  }
  if (row.length > 0) rows.push(row.join('\n'));
  return rows;
}
