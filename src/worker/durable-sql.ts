import type { SqlDatabase, SqlValue } from '../storage/sql-database.ts';

/** The SQLite of a Durable Object as storage wants it. Statements are cached by the runtime, by their text. */
export function openDurableSql(storage: DurableObjectStorage): SqlDatabase {
  const { sql } = storage;
  const raw = (query: string, values: readonly SqlValue[]) => sql.exec(query, ...values).raw<SqlValue[]>();
  return {
    run(query, ...values) {
      sql.exec(query, ...values);
    },
    rows: (query, ...values) => [...raw(query, values)],
    each(query, values, visit) {
      for (const row of raw(query, values)) if (!visit(row)) return;
    },
    transaction: <T>(body: () => T) => storage.transactionSync(body),
  };
}
