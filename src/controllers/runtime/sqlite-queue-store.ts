import type { QueueStore, WorkRow } from './queue-store.ts';

/** The part of SQLite that the queue needs; the `storage.sql` of a Durable Object has this shape. */
export interface QueueDatabase {
  exec(query: string, ...bindings: (string | number)[]): { toArray(): Record<string, unknown>[] };
}

/** A QueueStore over the tables of `migrations/controllers`, which must have been applied. */
export function createSqliteQueueStore(database: QueueDatabase): QueueStore {
  const rows = (query: string, ...bindings: (string | number)[]) => database.exec(query, ...bindings).toArray();
  return {
    get: (controller, key) =>
      rows('SELECT controller, key, due, attempts FROM work WHERE controller = ? AND key = ?', controller, key).map(
        parseRow,
      )[0],
    put({ controller, key, due, attempts }) {
      rows(
        'INSERT INTO work (controller, key, due, attempts) VALUES (?, ?, ?, ?) ' +
          'ON CONFLICT (controller, key) DO UPDATE SET due = excluded.due, attempts = excluded.attempts',
        controller,
        key,
        due,
        attempts,
      );
    },
    delete: (controller, key) => void rows('DELETE FROM work WHERE controller = ? AND key = ?', controller, key),
    due: (now, limit) =>
      rows('SELECT controller, key, due, attempts FROM work WHERE due <= ? ORDER BY due LIMIT ?', now, limit).map(
        parseRow,
      ),
    nextAfter(now) {
      const next = rows('SELECT min(due) AS due FROM work WHERE due > ?', now)[0]?.due;
      return typeof next === 'number' ? next : undefined;
    },
    resynced(controller) {
      return Number(rows('SELECT version FROM resynced WHERE controller = ?', controller)[0]?.version ?? 0);
    },
    setResynced(controller, version) {
      rows(
        'INSERT INTO resynced (controller, version) VALUES (?, ?) ' +
          'ON CONFLICT (controller) DO UPDATE SET version = excluded.version',
        controller,
        version,
      );
    },
  };
}

function parseRow(row: Record<string, unknown>): WorkRow {
  return {
    controller: String(row.controller),
    key: String(row.key),
    due: Number(row.due),
    attempts: Number(row.attempts),
  };
}
