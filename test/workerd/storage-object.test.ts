import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { createShardClient } from '../../src/worker/shard-client.ts';
import type { StorageObject } from '../../src/worker/storage-object.ts';
import { commit, create, listed, podKey, record, transaction, update } from '../storage/sample.ts';
import type { ControllersRecorder, SchedulerRecorder } from './entry.ts';

interface TestEnv {
  STORAGE: DurableObjectNamespace<StorageObject>;
  CONTROLLERS: DurableObjectNamespace<ControllersRecorder>;
  SCHEDULER: DurableObjectNamespace<SchedulerRecorder>;
}

const bindings = env as unknown as TestEnv;
const stubOf = (name: string) => bindings.STORAGE.getByName(name);
const shardOf = (name: string) => createShardClient(() => stubOf(name));

/** Waits until `condition` holds; fails with the test's own time-out. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe('StorageObject', () => {
  it('answers the contract over RPC', async () => {
    const shard = shardOf('rpc/main');
    await commit(shard, create(podKey('a')), create(podKey('b')));
    expect(await shard.transact(transaction(create(podKey('a'))))).toMatchObject({ ok: false, why: 'AlreadyExists' });
    expect((await shard.get(podKey('a'))).object).toMatchObject({ revision: 2 });
    expect(await listed(shard, { limit: 1 })).toMatchObject({ names: ['a'], remaining: 1 });
    expect(await shard.changes({ resources: ['pods'] })).toMatchObject({ ok: true, revision: 2 });
    expect(await shard.revision()).toBe(2);
    expect(await shard.dependents?.('none')).toEqual([]);
  });

  it('LIST-4 puts a list together that is larger than one answer may be', async () => {
    const shard = shardOf('large/main');
    const data = 'x'.repeat(1_000_000);
    for (let i = 10; i < 30; i++) await commit(shard, create(podKey(`p${i}`), { data }));
    const all = await listed(shard);
    expect(all.names).toHaveLength(20);
    expect(all.next).toBeUndefined();
    expect(await listed(shard, { limit: 15 })).toMatchObject({ remaining: 5, next: { name: 'p24' } });
  });

  it('SIZE-1 takes the largest object there may be', async () => {
    const shard = shardOf('size/main');
    const data = 'é'.repeat(780_000);
    await commit(shard, create(podKey('a'), { data }));
    await commit(shard, update(podKey('a'), { data }));
    expect((await listed(shard, { revision: 2, exact: true })).objects[0]!.data).toBe(data);
  });

  it('TX-3 REV-1 evicted, it comes back as it was', async () => {
    const shard = shardOf('evicted/main');
    const first = transaction(create(podKey('a')));
    const answer = await shard.transact(first);
    await evictDurableObject(stubOf('evicted/main'));
    expect(await shard.transact(first)).toMatchObject({ ...answer, tracked: expect.any(Number) });
    expect((await commit(shard, update(podKey('a')))).revision).toBe(3);
  });

  it('migrations run once and leave the data alone', async () => {
    const shard = shardOf('migrations/main');
    await commit(shard, create(podKey('a')));
    await evictDurableObject(stubOf('migrations/main'));
    await runInDurableObject(stubOf('migrations/main'), async (_object: StorageObject, state) => {
      expect([...state.storage.sql.exec('SELECT name FROM migrations').raw()]).toEqual([['0000_shard']]);
    });
    expect((await listed(shard)).names).toEqual(['a']);
  });

  it('keeps a secret once it is put', async () => {
    const stub = stubOf('secrets/main');
    expect(await stub.secret('keys')).toBeNull();
    const won = await Promise.all([stub.putSecretOnce('keys', 'one'), stub.putSecretOnce('keys', 'two')]);
    expect(new Set(won).size).toBe(1);
    expect(await stub.secret('keys')).toBe(won[0]);
    expect((await listed(shardOf('secrets/main'))).names).toEqual([]);
  });
});

describe('watches over WebSockets', () => {
  it('WATCH-1 deliver what is committed, from the past and live', async () => {
    const shard = shardOf('watch/main');
    await commit(shard, create(podKey('a')));
    const watch = await record(shard, { since: 1 });
    await commit(shard, update(podKey('a')), create(podKey('b')));
    await until(() => watch.events.length === 3);
    expect(watch.lines()).toEqual(['ADDED a@2', 'MODIFIED a@3', 'ADDED b@3']);
    watch.close();
  });

  it('WATCH-1 go on without a gap after the object was evicted, several times', async () => {
    const shard = shardOf('hibernation/main');
    const watches = [
      await record(shard, { since: 1 }),
      await record(shard, { since: 1, labels: [{ key: 'app', operator: 'exists', values: [] }] }),
      await record(shard, { since: 4 }),
    ];
    await commit(shard, create(podKey('a')));
    for (let round = 0; round < 4; round++) {
      await evictDurableObject(stubOf('hibernation/main'));
      await commit(shard, update(podKey('a'), { labels: { app: String(round) } }));
    }
    await until(
      () => watches[0]!.events.length >= 5 && watches[1]!.events.length >= 4 && watches[2]!.events.length >= 2,
    );
    expect(watches[0]!.lines()).toEqual(['ADDED a@2', 'MODIFIED a@3', 'MODIFIED a@4', 'MODIFIED a@5', 'MODIFIED a@6']);
    expect(watches[1]!.lines()).toEqual(['ADDED a@3', 'MODIFIED a@4', 'MODIFIED a@5', 'MODIFIED a@6']);
    expect(watches[2]!.lines()).toEqual(['MODIFIED a@5', 'MODIFIED a@6']);
  });

  it('WATCH-2 a bookmark is answered for a sleeping object at the revision it was sent everything of', async () => {
    const name = 'bookmark/main';
    const shard = shardOf(name);
    await commit(shard, create(podKey('a')));
    const due: (() => void)[] = [];
    const clock = {
      now: () => 0,
      after(_ms: number, callback: () => void) {
        due.push(callback);
        return () => {};
      },
    };
    const watch = await record(
      createShardClient(() => stubOf(name), { clock }),
      { since: 2, bookmarks: true },
    );
    /** Lets the minute pass, again and again, until the bookmark of `revision` is there. */
    const bookmarkAt = (revision: number) =>
      until(() => {
        due.shift()?.();
        return watch.lines().at(-1) === `BOOKMARK @${revision}`;
      });
    await bookmarkAt(2);
    await commit(shard, create({ resource: 'nodes', namespace: '', name: 'n' }));
    await evictDurableObject(stubOf(name));
    await bookmarkAt(3);
    await commit(shard, update(podKey('a')));
    await bookmarkAt(4);
    const lines = watch.lines();
    expect(lines.filter((line) => line.startsWith('MODIFIED'))).toEqual(['MODIFIED a@4']);
    expect(lines.indexOf('MODIFIED a@4')).toBeLessThan(lines.indexOf('BOOKMARK @4'));
  });

  it('WATCH-2 initial events of more than the socket takes at once equal a list, with writers running', async () => {
    const shard = shardOf('initial/main');
    const data = 'x'.repeat(500_000);
    for (let i = 10; i < 40; i++) await commit(shard, create(podKey(`p${i}`), { data }));
    const opening = record(shard, { initialEvents: true, bookmarks: true });
    for (let i = 10; i < 40; i++) await commit(shard, update(podKey(`p${i}`), { data: 'y' }));
    const watch = await opening;
    await until(
      () =>
        watch.lines().filter((line) => line.startsWith('MODIFIED')).length +
          Number(
            watch
              .lines()
              .find((line) => line.startsWith('BOOKMARK'))
              ?.split('@')[1] ?? 0,
          ) >=
        61,
    );
    const end = watch.events.findIndex((event) => event.type === 'BOOKMARK');
    const at = Number(watch.events[end]!.object.metadata.resourceVersion);
    expect(watch.events.slice(0, end).map((event) => event.object)).toEqual(
      (await listed(shard, { revision: at, exact: true })).objects,
    );
    expect(watch.events).toHaveLength(31 + 61 - at);
  });

  it('WATCH-3 a start below the history ends with 410', async () => {
    const shard = shardOf('expired/main');
    await commit(shard, create(podKey('a')));
    await commit(shard, update(podKey('a')));
    await new Promise((resolve) => setTimeout(resolve, 2100));
    await runDurableObjectAlarm(stubOf('expired/main'));
    const watch = await record(shard, { since: 2 });
    await until(() => watch.closed() !== undefined);
    expect(watch.events).toMatchObject([{ type: 'ERROR', object: { code: 410 } }]);
  });
});

describe('COMPACT-1', () => {
  it('the alarm drops old history and an idle shard ends without one', async () => {
    const name = 'compaction/main';
    const shard = shardOf(name);
    for (let i = 0; i < 10; i++) await commit(shard, i === 0 ? create(podKey('a')) : update(podKey('a')));
    const rows = () =>
      runInDurableObject(stubOf(name), async (_object: StorageObject, state) => ({
        events: Number(state.storage.sql.exec('SELECT count(*) AS n FROM events').one().n),
        alarm: await state.storage.getAlarm(),
      }));
    expect(await rows()).toMatchObject({ events: 10, alarm: expect.any(Number) });
    await until(async () => (await rows()).events === 0);
    await until(async () => (await rows()).alarm === null);
    expect(await shard.list({ resource: 'pods', revision: 5, exact: true })).toMatchObject({ why: 'Expired' });
    expect((await commit(shard, update(podKey('a')))).revision).toBe(12);
  });

  it('goes on after a pass that failed', async () => {
    const name = 'compaction-fails/main';
    const shard = shardOf(name);
    await commit(shard, create(podKey('a')));
    await runInDurableObject(stubOf(name), async (_object: StorageObject, state) => {
      state.storage.sql.exec("CREATE TRIGGER refuse BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'refused'); END");
    });
    await new Promise((resolve) => setTimeout(resolve, 2100));
    await runDurableObjectAlarm(stubOf(name));
    await commit(shard, update(podKey('a')));
    await runInDurableObject(stubOf(name), async (_object: StorageObject, state) => {
      expect(await state.storage.getAlarm()).not.toBeNull();
      state.storage.sql.exec('DROP TRIGGER refuse');
    });
    await until(async () => !(await shard.changes({ resources: ['pods'], since: 1 })).ok);
  });
});

describe('a write that is sent to the object', () => {
  const send = (name: string, method: string, path: string, body: unknown) =>
    stubOf(name).fetch(`https://api${path}`, {
      method,
      body: JSON.stringify(body),
      headers: { authorization: 'Bearer admin-token-of-the-tests', 'content-type': 'application/json' },
    });
  const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles';

  it('is answered there, and tells what servers cache that it changed', async () => {
    const created = await send('written/main', 'POST', roles, { metadata: { name: 'a' }, rules: [] });
    expect(created.status).toBe(201);
    const { metadata } = (await created.json()) as { metadata: { resourceVersion: string } };
    expect(created.headers.get('kedge-tracked')).toBe(metadata.resourceVersion);
    const shard = shardOf('written/main');
    const key = { resource: 'clusterroles.rbac.authorization.k8s.io', namespace: '', name: 'a' };
    expect((await shard.get(key)).object).toMatchObject({ revision: Number(metadata.resourceVersion) });
    // Written by a call behind the back of the object's own server, which is to know it at once.
    await commit(shard, { type: 'delete', key });
    expect((await send('written/main', 'PUT', `${roles}/a`, { metadata: { name: 'a' } })).status).toBe(201);
  });

  it('needs credentials', async () => {
    const refused = await stubOf('written/main').fetch(`https://api${roles}`, { method: 'POST', body: '{}' });
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ kind: 'Status', reason: 'Forbidden' });
  });

  it('commits those that come together once, each with a revision of its own', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => send('together/main', 'POST', roles, { metadata: { name: `r${i}` } })),
    );
    const objects = await Promise.all(
      answers.map((answer) => answer.json() as Promise<{ metadata: { resourceVersion: string } }>),
    );
    expect(new Set(objects.map(({ metadata }) => metadata.resourceVersion)).size).toBe(10);
  });
});

describe('OUTBOX-1', () => {
  it('consumers get what they want, in order, after failures too', async () => {
    const shard = shardOf('outbox/main');
    const controllers = bindings.CONTROLLERS.getByName('outbox');
    await controllers.fail(1);
    await commit(shard, create(podKey('a')), create({ resource: 'secrets', namespace: 'default', name: 's' }));
    await commit(shard, update(podKey('a')));
    await until(async () => (await controllers.received()).length >= 3);
    expect(await controllers.received()).toEqual(['main ADDED a@2', 'main ADDED s@2', 'main MODIFIED a@3']);
    const scheduler = bindings.SCHEDULER.getByName('outbox');
    await until(async () => (await scheduler.received()).length >= 2);
    expect(await scheduler.received()).toEqual(['main ADDED a@2', 'main MODIFIED a@3']);
  });
});
