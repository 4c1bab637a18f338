import { readFileSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import {
  createMemoryQueueStore,
  createSqliteQueueStore,
  migrateQueue,
  type QueueDatabase,
} from '../../../src/controllers/index.ts';
import { CONTROLLER_MIGRATIONS } from '../../../src/controllers/runtime/migrations.ts';

/** The shape that a Durable Object's `storage.sql` has. */
function openDatabase(): QueueDatabase {
  const database = new DatabaseSync(':memory:');
  return {
    exec: (query, ...bindings) => {
      const rows = database.prepare(query).all(...(bindings as SQLInputValue[])) as Record<string, unknown>[];
      return { toArray: () => rows };
    },
  };
}

function openSqlite() {
  const database = openDatabase();
  migrateQueue(database);
  migrateQueue(database);
  return createSqliteQueueStore(database);
}

describe.each([
  ['memory', createMemoryQueueStore],
  ['sqlite', openSqlite],
])('queue store in %s', (_name, open) => {
  const row = (key: string, due: number, attempts = 0) => ({ controller: 'c', key, due, attempts });

  test('keeps one row per controller and key', () => {
    const store = open();
    store.put(row('a', 10));
    store.put(row('a', 20, 3));
    store.put({ ...row('a', 30), controller: 'd' });
    expect(store.get('c', 'a')).toEqual(row('a', 20, 3));
    expect(store.get('d', 'a')?.due).toBe(30);
    expect(store.get('c', 'b')).toBeUndefined();
  });

  test('gives what is due, earliest first, and the time of what is next', () => {
    const store = open();
    for (const [key, due] of [
      ['b', 20],
      ['a', 10],
      ['d', 40],
      ['c', 30],
    ] as const)
      store.put(row(key, due));
    expect(store.due(30, 10).map(({ key }) => key)).toEqual(['a', 'b', 'c']);
    expect(store.due(30, 2).map(({ key }) => key)).toEqual(['a', 'b']);
    expect(store.nextAfter(30)).toBe(40);
    expect(store.nextAfter(40)).toBeUndefined();
    store.delete('c', 'd');
    store.delete('c', 'never');
    expect(store.nextAfter(30)).toBeUndefined();
  });

  test('remembers which version of a controller was resynced', () => {
    const store = open();
    expect(store.resynced('c')).toBe(0);
    store.setResynced('c', 1);
    store.setResynced('c', 2);
    expect(store.resynced('c')).toBe(2);
  });
});

test('the inlined migrations are those that drizzle made of the schema', () => {
  const folder = new URL('../../../migrations/controllers/', import.meta.url);
  const journal = JSON.parse(readFileSync(new URL('meta/_journal.json', folder), 'utf8')) as {
    entries: { tag: string }[];
  };
  expect(CONTROLLER_MIGRATIONS.map(({ name }) => name)).toEqual(journal.entries.map(({ tag }) => tag));
  for (const { name, sql } of CONTROLLER_MIGRATIONS) {
    expect(sql.trim()).toBe(readFileSync(new URL(`${name}.sql`, folder), 'utf8').trim());
  }
});
