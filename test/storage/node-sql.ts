import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { SqlDatabase, SqlValue } from '../../src/storage/sql-database.ts';

export interface NodeSql extends SqlDatabase {
  readonly database: DatabaseSync;
}

/** Node's own SQLite behind the interface that storage uses. */
export function openNodeSql(path = ':memory:'): NodeSql {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF');
  const statements = new Map<string, StatementSync>();
  const prepare = (query: string): StatementSync => {
    let statement = statements.get(query);
    if (!statement) {
      statement = database.prepare(query);
      statement.setReturnArrays(true);
      statements.set(query, statement);
    }
    return statement;
  };
  return {
    database,
    run(query, ...values) {
      prepare(query).run(...values);
    },
    rows: (query, ...values) => prepare(query).all(...values) as unknown as SqlValue[][],
    each(query, values, visit) {
      for (const row of prepare(query).iterate(...values)) if (!visit(row as unknown as SqlValue[])) return;
    },
    transaction(body) {
      prepare('SAVEPOINT kedge').run();
      try {
        const result = body();
        prepare('RELEASE kedge').run();
        return result;
      } catch (error) {
        // SQLite rolls back by itself when it is full.
        if (database.isTransaction) {
          prepare('ROLLBACK TO kedge').run();
          prepare('RELEASE kedge').run();
        }
        throw error;
      }
    },
  };
}
