/** The part of SQLite that storage needs. A Durable Object's `ctx.storage` and Node's own SQLite both satisfy it. */

export type SqlValue = string | number | null;

/** The result of a transaction body; a promise is none, because the commit would not wait for it (TX-1). */
export type Settled<T> = T extends PromiseLike<unknown> ? never : T;

export interface SqlDatabase {
  /** Runs a statement for its effect. */
  run(query: string, ...values: SqlValue[]): void;
  /** All rows, each as an array of its columns. */
  rows(query: string, ...values: SqlValue[]): SqlValue[][];
  /** Calls `visit` with row after row until it returns false. The database must not be written meanwhile. */
  each(query: string, values: readonly SqlValue[], visit: (row: SqlValue[]) => boolean): void;
  /** Runs `body` whole or not at all: an exception rolls back and is thrown on. */
  transaction<T>(body: () => Settled<T>): T;
}

/** Whether an error says that the database may not grow: reads and deletes go on working. */
export function isFullError(error: unknown): boolean {
  return error instanceof Error && /SQLITE_FULL|database or disk is full/.test(error.message);
}
