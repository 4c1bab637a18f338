import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { drizzle } from 'drizzle-orm/sqlite-proxy';
import { beforeEach, describe, expect, it } from 'vitest';
import { createFleet, type Fleet } from '../../src/worker/fleet.ts';
import { FLEET_MIGRATIONS } from '../../src/worker/fleet-migrations.ts';
import { parseClusterRequest } from '../../src/worker/fleet-request.ts';

const record = (name: string, hostname: string | null = null, id = `${name}.1`) => ({
  id,
  name,
  apiOnly: false,
  hostname,
  createdAt: 1_000,
});

describe('the fleet', () => {
  let fleet: Fleet;

  beforeEach(() => {
    const sqlite = new DatabaseSync(':memory:');
    for (const { sql } of FLEET_MIGRATIONS) sqlite.exec(sql.replaceAll('--> statement-breakpoint', ''));
    fleet = createFleet(
      drizzle(async (sql, values, method) => {
        const statement = sqlite.prepare(sql);
        statement.setReturnArrays(true);
        if (method === 'run') statement.run(...values);
        return { rows: method === 'run' ? [] : (statement.all(...values) as unknown as unknown[][]) };
      }),
    );
  });

  it('keeps a name and a host name to one cluster', async () => {
    expect(await fleet.insert(record('a', 'a.test'))).toBe('inserted');
    expect(await fleet.insert(record('a', null, 'a.2'))).toBe('NameTaken');
    expect(await fleet.insert(record('b', 'a.test'))).toBe('HostnameTaken');
    expect(await fleet.insert(record('b'))).toBe('inserted');
    expect(await fleet.insert(record('c'))).toBe('inserted');
    expect(await fleet.byName('a')).toEqual(record('a', 'a.test'));
    expect(await fleet.byName('d')).toBeNull();
  });

  it('frees name and host name of a deleted cluster and remembers its id until told', async () => {
    await fleet.insert(record('a', 'a.test'));
    expect(await fleet.isDeleted('a.1')).toBe(false);
    expect(await fleet.remove('a', 2_000)).toEqual(record('a', 'a.test'));
    expect(await fleet.remove('a', 3_000)).toBeNull();
    expect(await fleet.byName('a')).toBeNull();
    expect(await fleet.byHostname(['a.test'])).toBeNull();
    expect(await fleet.insert(record('a', 'a.test', 'a.2'))).toBe('inserted');
    expect(await fleet.deleted(10)).toEqual([{ id: 'a.1', deletedAt: 2_000 }]);
    expect([await fleet.isDeleted('a.1'), await fleet.isDeleted('a.2'), await fleet.isDeleted('x')]).toEqual([
      true,
      false,
      false,
    ]);
    await fleet.forget('a.2');
    await fleet.forget('a.1');
    expect(await fleet.deleted(10)).toEqual([]);
    expect((await fleet.list({ limit: 10 })).map(({ id }) => id)).toEqual(['a.2']);
  });

  it('lists in pages by name', async () => {
    for (const name of ['c', 'a', 'b']) await fleet.insert(record(name));
    const names = async (page: { after?: string; limit: number }) => (await fleet.list(page)).map(({ name }) => name);
    expect(await names({ limit: 2 })).toEqual(['a', 'b']);
    expect(await names({ after: 'b', limit: 2 })).toEqual(['c']);
  });

  it('takes turns through all clusters, and starts again', async () => {
    for (const name of ['a', 'b', 'c']) await fleet.insert(record(name));
    const turn = async () => (await fleet.takeTurn(2)).map(({ name }) => name).join('');
    expect([await turn(), await turn(), await turn()]).toEqual(['ab', 'c', 'ab']);
    await fleet.remove('c', 1);
    // The turn stands after the last one there is.
    expect([await turn(), await turn()]).toEqual(['', 'ab']);
  });

  it('finds the nearest of several host names', async () => {
    await fleet.insert(record('outer', 'example.test'));
    await fleet.insert(record('inner', 'team.example.test'));
    expect((await fleet.byHostname(['team.example.test', 'example.test']))?.name).toBe('inner');
  });
});

it('the inlined migrations of the fleet are those that drizzle made of the schema', () => {
  const folder = new URL('../../migrations/fleet/', import.meta.url);
  const journal = JSON.parse(readFileSync(new URL('meta/_journal.json', folder), 'utf8')) as {
    entries: { tag: string }[];
  };
  expect(FLEET_MIGRATIONS.map(({ name }) => name)).toEqual(journal.entries.map(({ tag }) => tag));
  for (const { name, sql } of FLEET_MIGRATIONS)
    expect(sql.trim()).toBe(readFileSync(new URL(`${name}.sql`, folder), 'utf8').trim());
});

describe('a request for a cluster', () => {
  it('takes a name, and what else is asked for', () => {
    expect(parseClusterRequest('{"name":"a-1"}')).toEqual({ name: 'a-1', apiOnly: false, hostname: null });
    expect(parseClusterRequest('{"name":"a","apiOnly":true,"hostname":"a.test"}')).toEqual({
      name: 'a',
      apiOnly: true,
      hostname: 'a.test',
    });
  });

  it.each([
    ['{"name":"A"}', 'name'],
    ['{"name":"a.b"}', 'name'],
    ['{"name":"a/b"}', 'name'],
    [`{"name":"${'a'.repeat(64)}"}`, 'name'],
    ['{}', 'name'],
    ['{"name":1}', 'name'],
    ['{"name":"a","apiOnly":"yes"}', 'apiOnly'],
    ['{"name":"a","hostname":"*.test"}', 'hostname'],
    ['{"name":"a","hostname":"localhost"}', 'hostname'],
    ['{"name":"a","hostname":"A.test"}', 'hostname'],
    ['{"name":"a","extra":1}', 'extra'],
    ['[]', 'body'],
    ['null', 'body'],
    ['{', 'not JSON'],
  ])('refuses %s and says why', (body, why) => {
    expect(() => parseClusterRequest(body)).toThrow(why);
  });
});
