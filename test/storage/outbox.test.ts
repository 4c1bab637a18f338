import { describe, expect, it } from 'vitest';
import type { Change } from '../../src/storage/contract.ts';
import { MemoryEngine } from '../../src/storage/memory-engine.ts';
import { Outbox, type OutboxConsumer } from '../../src/storage/outbox.ts';
import { create, podKey, remove, transaction, update } from './sample.ts';

const settle = async () => {
  for (let i = 0; i < 50; i++) await Promise.resolve();
};

function setUp(options: { consumers: OutboxConsumer[]; cursors?: Map<string, string>; engine?: MemoryEngine }) {
  const cursors = options.cursors ?? new Map<string, string>();
  const engine = options.engine ?? new MemoryEngine();
  const timers: { ms: number; callback: () => void }[] = [];
  const retries: number[] = [];
  const outbox = new Outbox({
    ...{ engine, consumers: options.consumers, retryAt: (at) => void retries.push(at), onError: () => {} },
    cursors: { read: (name) => cursors.get(name), write: (name, value) => void cursors.set(name, value) },
    clock: {
      now: () => 1000,
      after(ms, callback) {
        timers.push({ ms, callback });
        return () => {};
      },
    },
  });
  const write = (...ops: Parameters<typeof transaction>) => outbox.publish(engine.transact(transaction(...ops)).events);
  const pass = async () => {
    for (const { callback } of timers.splice(0)) callback();
    await settle();
  };
  return { outbox, engine, cursors, retries, write, pass };
}

function consumer(name: string, wants: (resource: string) => boolean = () => true) {
  const batches: string[][] = [];
  const state = { failing: false };
  const value: OutboxConsumer = {
    name,
    wants,
    async deliver(changes: Change[]) {
      if (state.failing) throw new Error('away');
      batches.push(changes.map(({ type, key, revision }) => `${type} ${key.name}@${revision}`));
    },
  };
  return { value, batches, state };
}

describe('OUTBOX-1 the outbox', () => {
  it('gathers the changes of a moment and gives each consumer what it wants', async () => {
    const all = consumer('all');
    const nodes = consumer('nodes', (resource) => resource === 'nodes');
    const { write, pass, cursors } = setUp({ consumers: [all.value, nodes.value] });
    write(create(podKey('a')), create({ resource: 'nodes', namespace: '', name: 'n' }));
    write(update(podKey('a')));
    write(remove(podKey('a')));
    expect(all.batches).toEqual([]);
    await pass();
    expect(all.batches).toEqual([['ADDED a@2', 'ADDED n@2', 'MODIFIED a@3', 'DELETED a@4']]);
    expect(nodes.batches).toEqual([['ADDED n@2']]);
    await pass();
    expect(Object.fromEntries(cursors)).toEqual({ 'cursor/all': '4', 'cursor/nodes': '4' });
  });

  it('shows the projection before a change', async () => {
    const changes: Change[] = [];
    const { write, pass } = setUp({
      consumers: [{ name: 'c', wants: () => true, deliver: async (batch) => void changes.push(...batch) }],
    });
    write(create(podKey('a'), { labels: { a: '1' } }));
    write(update(podKey('a'), { labels: { a: '2' } }));
    await pass();
    expect(changes[1]).toMatchObject({ projection: { labels: { a: '2' } }, old: { labels: { a: '1' } } });
  });

  it('tries a failing consumer again with growing waits and holds up nobody', async () => {
    const good = consumer('good');
    const bad = consumer('bad');
    bad.state.failing = true;
    const { outbox, write, pass, retries } = setUp({ consumers: [bad.value, good.value] });
    write(create(podKey('a')));
    await pass();
    write(create(podKey('b')));
    outbox.run();
    await pass();
    expect(good.batches.flat()).toEqual(['ADDED a@2', 'ADDED b@3']);
    expect(retries).toEqual([2000, 3000]);
    bad.state.failing = false;
    outbox.run();
    await pass();
    expect(bad.batches.flat()).toEqual(['ADDED a@2', 'ADDED b@3']);
  });

  it('goes on from the stored cursor after a restart, from the log', async () => {
    const first = consumer('c');
    const { engine, cursors, write, pass } = setUp({ consumers: [first.value] });
    write(create(podKey('a')));
    await pass();
    await pass();
    engine.transact(transaction(update(podKey('a'))));
    engine.transact(transaction(create(podKey('b'))));
    const second = consumer('c');
    const again = setUp({ consumers: [second.value], cursors, engine });
    again.outbox.run();
    await again.pass();
    expect(second.batches.flat()).toEqual(['MODIFIED a@3', 'ADDED b@4']);
  });

  it('gives everything that is there to a consumer that was away longer than the history', async () => {
    const { engine } = setUp({ consumers: [] });
    for (let i = 0; i < 1200; i++) engine.transact(transaction(create(podKey(`p${i}`))));
    engine.transact(transaction(remove(podKey('p7'))));
    engine.compact(Number.POSITIVE_INFINITY, 1e6);
    const late = consumer('late');
    const { outbox, pass, write } = setUp({ consumers: [late.value], engine });
    outbox.run();
    await pass();
    write(create(podKey('new')));
    await pass();
    const names = late.batches.flat();
    expect(names).toHaveLength(1200);
    expect(names.at(-1)).toBe(`ADDED new@${engine.revision()}`);
    expect(late.batches.every((batch) => batch.length <= 500)).toBe(true);
  });

  it('delivers a long queue in batches that never split a revision', async () => {
    const c = consumer('c');
    const { write, pass } = setUp({ consumers: [c.value] });
    for (let i = 0; i < 900; i++) write(create(podKey(`a${i}`)), create(podKey(`b${i}`)), create(podKey(`c${i}`)));
    await pass();
    expect(c.batches.flat()).toHaveLength(2700);
    for (const batch of c.batches) expect(batch.length % 3).toBe(0);
  });
});
