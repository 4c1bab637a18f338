import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCompaction } from '../../src/storage/compaction.ts';
import { migrate, STORAGE_MIGRATIONS } from '../../src/storage/migrations.ts';
import { SqliteEngine } from '../../src/storage/sqlite-engine.ts';
import { openNodeSql } from './node-sql.ts';
import { create, podKey, transaction, update } from './sample.ts';

const directory = new URL('../../migrations/storage/', import.meta.url);

describe('migrations', () => {
  it('are the files that drizzle-kit wrote', () => {
    const files = readdirSync(directory).filter((file) => file.endsWith('.sql'));
    expect(STORAGE_MIGRATIONS.map(({ name }) => `${name}.sql`)).toEqual(files.sort());
    for (const { name, sql } of STORAGE_MIGRATIONS) {
      expect(sql.trim()).toBe(readFileSync(new URL(`${name}.sql`, directory), 'utf8').trim());
    }
  });

  it('run once, and not at all when one of their statements fails', () => {
    const sql = openNodeSql();
    migrate(sql);
    const next = { name: '0001_next', sql: 'CREATE TABLE more (a)--> statement-breakpoint\nCREATE TABLE more (a)' };
    expect(() => migrate(sql, [...STORAGE_MIGRATIONS, next])).toThrow(/already exists/);
    expect(sql.rows("SELECT name FROM sqlite_master WHERE name = 'more'")).toEqual([]);
    migrate(sql, [...STORAGE_MIGRATIONS, { ...next, sql: 'CREATE TABLE more (a)' }]);
    expect(sql.rows('SELECT name FROM migrations')).toEqual([['0000_shard'], ['0001_next']]);
  });
});

describe('the SQLite engine', () => {
  it('TX-1 a transaction body that returns a promise does not compile', () => {
    const sql = openNodeSql();
    expect(sql.transaction(() => 1)).toBe(1);
    // @ts-expect-error a promise would be committed before it has run
    sql.transaction(async () => 1);
  });

  it('FULL-1 answers Full, writes nothing and goes on reading', () => {
    const sql = openNodeSql();
    const engine = new SqliteEngine(sql);
    engine.transact(transaction(create(podKey('a'), { data: 'kept' })));
    const [pages] = sql.database.prepare('PRAGMA page_count').all() as { page_count: number }[];
    sql.database.exec(`PRAGMA max_page_count = ${pages!.page_count}`);
    const big = { data: 'x'.repeat(100_000), labels: { a: 'b' } };
    const full = engine.transact(transaction(update(podKey('a'), big)));
    expect(full).toMatchObject({ result: { ok: false, why: 'Full', op: 0 }, events: [] });
    expect(engine.revision()).toBe(2);
    expect(engine.get(podKey('a')).object!.text).toContain('kept');
    sql.database.exec('PRAGMA max_page_count = 1000000');
    expect(engine.transact(transaction(update(podKey('a'), big))).result).toMatchObject({ ok: true, revision: 3 });
  });

  it('an update is two rows: the object in place, and one event', () => {
    const sql = openNodeSql();
    const engine = new SqliteEngine(sql);
    const sample = { owners: ['o'], fields: { 'spec.nodeName': 'n' }, indexed: ['spec.nodeName'], claims: ['c'] };
    engine.transact(transaction(create(podKey('a'), sample)));
    const total = () => Number(sql.rows('SELECT total_changes()')[0]![0]);
    const before = total();
    engine.transact(transaction(update(podKey('a'), { ...sample, data: 'new' })));
    expect(total() - before).toBe(2);
  });

  it('finds owners and indexed fields without reading other objects', () => {
    const sql = openNodeSql();
    const engine = new SqliteEngine(sql);
    for (let i = 0; i < 10; i++) engine.transact(transaction(create(podKey(`p${i}`), { owners: [`o${i}`] })));
    const plan = sql.rows(
      `EXPLAIN QUERY PLAN SELECT name FROM objects NOT INDEXED
       WHERE resource = 'pods' AND id IN (SELECT object FROM lookups WHERE value = 'owner/o1') ORDER BY namespace, name`,
    );
    expect(plan.map((row) => row[3]).join('\n')).toMatch(/SEARCH objects USING INTEGER PRIMARY KEY/);
  });

  it('COMPACT-1 the size stays bounded under churn', () => {
    let now = 0;
    const sql = openNodeSql();
    const engine = new SqliteEngine(sql, { now: () => now, after: () => () => {} });
    engine.transact(transaction(create(podKey('a'))));
    const pages = (): number => Number(sql.rows('PRAGMA page_count')[0]![0]);
    const onError = (error: unknown) => {
      throw error;
    };
    let half = 0;
    for (let round = 0; round < 40; round++) {
      for (let i = 0; i < 100; i++) engine.transact(transaction(update(podKey('a'), { data: 'x'.repeat(2000) })));
      now += 60_000;
      let next = runCompaction(engine, { now, historyMs: 300_000, limit: 150, onError });
      while (next === now) next = runCompaction(engine, { now, historyMs: 300_000, limit: 150, onError });
      if (round === 20) half = pages();
    }
    expect(pages()).toBeLessThanOrEqual(half * 1.2);
    expect(Number(sql.rows('SELECT count(*) FROM events')[0]![0])).toBeLessThanOrEqual(700);
  });

  it('COMPACT-1 tells when the next pass is due, and ends when nothing is left', () => {
    let now = 1000;
    const engine = new SqliteEngine(openNodeSql(), { now: () => now, after: () => () => {} });
    const errors: unknown[] = [];
    const pass = () =>
      runCompaction(engine, { now, historyMs: 300_000, limit: 100, onError: (e) => void errors.push(e) });
    engine.transact(transaction(create(podKey('a'))));
    now = 200_000;
    engine.transact(transaction(update(podKey('a'))));
    now = 301_001;
    expect(pass()).toBe(500_000);
    expect(engine.compacted()).toBe(2);
    now = 500_001;
    expect(pass()).toBeUndefined();
    const failing = Object.assign(Object.create(engine) as SqliteEngine, {
      compact: () => {
        throw new Error('disk');
      },
    });
    expect(runCompaction(failing, { now, historyMs: 300_000, limit: 1, onError: (e) => void errors.push(e) })).toBe(
      530_001,
    );
    expect(errors).toHaveLength(1);
  });
});
