import { describe, expect, it } from 'vitest';
import { MemoryEngine } from '../../src/storage/memory-engine.ts';
import { ShardMirror } from '../../src/storage/shard-mirror.ts';
import { manualClock } from './manual-clock.ts';
import { settled } from './mirrored-shard.ts';
import { create, podKey, transaction, update } from './sample.ts';

const query = { resource: 'pods', bookmarks: false, apiVersion: 'v1', kind: 'Pod' };
const a = podKey('a');

/** A mirror whose commits become durable, or are lost, when the test says so. */
function openMirror() {
  const clock = manualClock();
  const engine = new MemoryEngine(clock);
  const waiting: { resolve(): void; reject(error: Error): void }[] = [];
  const mirror = new ShardMirror(engine, clock);
  const durable = () => new Promise<void>((resolve, reject) => waiting.push({ resolve, reject }));
  const write = (key = a) => {
    const { events } = engine.transact(transaction(engine.get(key).object ? update(key) : create(key)));
    mirror.committed(events, durable);
  };
  const flush = async () => {
    while (waiting.length > 0) {
      waiting.shift()!.resolve();
      await settled();
    }
  };
  const lose = async () => {
    waiting.shift()!.reject(new Error('disk'));
    await settled();
  };
  const follow = (since = engine.revision(), take: () => void | Promise<void> = () => undefined) => {
    const stream = mirror.watch({ ...query, since });
    if (!stream) throw new Error('not from the mirror');
    const seen: string[] = [];
    const closed: string[] = [];
    stream.onFrame = (frame) => {
      seen.push(frame);
      return take();
    };
    stream.onClose = (why) => void closed.push(why);
    return { stream, seen, closed };
  };
  return { mirror, engine, clock, write, flush, lose, follow };
}

describe('the mirror of a shard', () => {
  it('knows what was written once it is durable, and neither the new nor the old state until then', async () => {
    const { mirror, write, flush } = openMirror();
    write();
    expect(mirror.get(a)).toBeUndefined();
    await flush();
    expect(mirror.get(a)?.object?.revision).toBe(2);
    write();
    expect(mirror.get(a)).toBeUndefined();
    await flush();
    expect(mirror.get(a)?.object?.revision).toBe(3);
  });

  it('does not take up a state again that was written over while it became durable', async () => {
    const { mirror, write, flush } = openMirror();
    write();
    write();
    mirror.ask(a);
    expect(mirror.get(a)).toBeUndefined();
    await flush();
    expect(mirror.get(a)?.object?.revision).toBe(3);
  });

  it('answers with the revision and tracked revision of now', async () => {
    const { mirror, engine, write, flush } = openMirror();
    write();
    await flush();
    write(podKey('b'));
    engine.changes({ resources: ['pods'] });
    expect(mirror.get(a)).toMatchObject({ revision: 3, tracked: engine.tracked() });
    expect(engine.tracked()).toBe(3);
  });

  it('WATCH-4 sends an event when its write is durable', async () => {
    const { write, flush, follow } = openMirror();
    const watch = follow();
    write();
    await settled();
    expect(watch.seen).toEqual([]);
    await flush();
    expect(watch.seen).toHaveLength(1);
  });

  it('ends its watches and answers nothing any more when a write is lost', async () => {
    const { mirror, write, lose, flush, follow } = openMirror();
    write();
    await flush();
    const watch = follow();
    write();
    await lose();
    expect(watch.closed).toEqual(['the shard lost a write']);
    expect(watch.seen).toEqual([]);
    expect(mirror.get(a)).toBeUndefined();
    expect(mirror.watch({ ...query, since: 2 })).toBeUndefined();
  });

  it('goes on with a shard that was opened again only if it missed nothing', async () => {
    const { mirror, engine, write, flush } = openMirror();
    write();
    expect(mirror.adopt(engine)).toBe(false);
    await flush();
    expect(mirror.adopt(engine)).toBe(true);
    engine.transact(transaction(create(podKey('unseen'))));
    expect(mirror.adopt(engine)).toBe(false);
  });

  it('leaves watches to the shard that begin before its own beginning, or below the compacted revision', async () => {
    const { mirror, engine, write, flush } = openMirror();
    write();
    write();
    await flush();
    expect(new ShardMirror(engine, manualClock()).watch({ ...query, since: 2 })).toBeUndefined();
    expect(mirror.watch({ ...query, since: 2 })).toBeDefined();
    engine.compact(Number.POSITIVE_INFINITY, 10);
    expect(mirror.watch({ ...query, since: 2 })).toBeUndefined();
    expect(mirror.watch({ ...query, since: 3, initialEvents: true })).toBeUndefined();
  });

  it('keeps a bounded amount: what is used, and few of those that are read once when it is full', () => {
    const { mirror, engine } = openMirror();
    const fill = (name: string, count: number) =>
      Array.from({ length: count }, (_, i) => {
        const key = podKey(`${name}-${i}`);
        engine.transact(transaction(create(key, { data: 'x'.repeat(1024 * 1024) })));
        return key;
      });
    const kept = (keys: ReturnType<typeof fill>) => keys.filter((key) => mirror.get(key));
    const first = fill('first', 7);
    const walk = fill('walk', 24);
    for (const key of first) mirror.ask(key);
    for (const key of walk) {
      mirror.ask(key);
      mirror.get(first[0]!);
    }
    expect(kept(walk)).toHaveLength(3);
    expect(kept(first)).toHaveLength(4);
    expect(kept(first)[0]).toEqual(first[0]);
  });

  it('gives many watchers what was written while they took the last delivery in one frame, after a rest', async () => {
    const { clock, write, flush, follow } = openMirror();
    const takers: (() => void)[] = [];
    const watches = Array.from({ length: 20 }, () =>
      follow(1, () => new Promise<void>((resolve) => void takers.push(resolve))),
    );
    const counts = () => new Set(watches.map(({ seen }) => seen.length));
    write();
    await flush();
    expect(counts()).toEqual(new Set([1]));
    clock.pass(40);
    write();
    await flush();
    for (const take of takers.splice(0)) take();
    await settled();
    clock.pass(1);
    write();
    await flush();
    expect(counts()).toEqual(new Set([1]));
    for (let i = 0; i < 12; i++) clock.pass(1);
    await settled();
    expect(counts()).toEqual(new Set([2]));
    expect(watches[0]!.seen[1]!.match(/"MODIFIED"/g)).toHaveLength(2);
  });

  it('tells a few watchers at once, however many follow something else', async () => {
    const { mirror, write, flush, follow } = openMirror();
    for (let i = 0; i < 20; i++) mirror.watch({ ...query, resource: 'leases', since: 1 });
    const watch = follow();
    for (const count of [1, 2, 3]) {
      write();
      await flush();
      expect(watch.seen).toHaveLength(count);
    }
  });

  it('WATCH-5 a watcher that takes nothing holds up nobody, and is cut off', async () => {
    const { clock, write, flush, follow } = openMirror();
    const stuck = follow(1, () => new Promise<void>(() => undefined));
    const others = Array.from({ length: 20 }, () => follow(1));
    for (let i = 0; i < 3; i++) {
      write();
      await flush();
      for (let ms = 0; ms < 300; ms++) clock.pass(1);
      await settled();
    }
    expect(others.every(({ seen }) => seen.length === 3)).toBe(true);
    clock.pass(60_000);
    write();
    await flush();
    clock.pass(1);
    const { stream } = stuck;
    expect(stuck.seen).toHaveLength(1);
    expect(others[0]!.seen).toHaveLength(4);
    stream.close();
  });

  it('WATCH-2 gives a bookmark when asked and every minute', async () => {
    const { mirror, clock, write, flush } = openMirror();
    const stream = mirror.watch({ ...query, since: 1, bookmarks: true })!;
    const seen: string[] = [];
    stream.onFrame = (frame) => void seen.push(frame);
    write();
    await flush();
    stream.requestBookmark();
    await settled();
    clock.pass(60_000);
    await settled();
    expect(seen.map((line) => JSON.parse(line).type)).toEqual(['ADDED', 'BOOKMARK', 'BOOKMARK']);
    stream.close();
    write();
    await flush();
    clock.pass(60_000);
    expect(seen).toHaveLength(3);
  });
});
