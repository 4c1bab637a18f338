import { describe, expect, it } from 'vitest';
import { MemoryEngine } from '../../src/storage/memory-engine.ts';
import { CUT_OFF_CHARACTERS, type SubscriptionState, WatchHub, type WatchSink } from '../../src/storage/watch-hub.ts';
import { manualClock } from './manual-clock.ts';
import { create, podKey, transaction, update } from './sample.ts';

const query = { resource: 'pods', bookmarks: true, apiVersion: 'v1', kind: 'Pod' };

/** A receiver that takes nothing by itself. */
function receiver() {
  const frames: string[] = [];
  const saved: SubscriptionState[] = [];
  let closed: string | undefined;
  const sink: WatchSink = {
    send: (frame) => void frames.push(frame),
    close: (why) => {
      closed = why;
    },
    save: (state) => void saved.push(state),
  };
  const characters = () => frames.reduce((sum, frame) => sum + frame.length, 0);
  return { sink, frames, saved, characters, closed: () => closed };
}

function openHub() {
  const clock = manualClock();
  const engine = new MemoryEngine(clock);
  const delivered: number[] = [];
  const hub = new WatchHub({ engine, clock, onDelivered: (revision) => void delivered.push(revision) });
  const write = (...names: string[]) => {
    const ops = names.map((name) => (engine.get(podKey(name)).object ? update(podKey(name)) : create(podKey(name))));
    hub.publish(engine.transact(transaction(...ops)).events);
  };
  const fill = (count: number, size: number) => {
    for (let i = 0; i < count; i++)
      engine.transact(transaction(create(podKey(`big-${i}`), { data: 'x'.repeat(size) })));
  };
  return { hub, engine, clock, delivered, write, fill };
}

describe('the watch hub', () => {
  it('rests as long as a delivery to many kept the loop busy, and sends what came meanwhile in one frame', () => {
    const { hub, clock, write } = openHub();
    const receivers = Array.from({ length: 20 }, receiver);
    for (const each of receivers) hub.open({ ...query, since: 1 }, each.sink);
    write('a');
    clock.pass(0);
    expect(receivers.every(({ frames }) => frames.length === 1)).toBe(true);
    write('b');
    clock.pass(30);
    write('c');
    clock.pass(29);
    expect(receivers.every(({ frames }) => frames.length === 1)).toBe(true);
    clock.pass(1);
    for (const { frames } of receivers) {
      expect(frames).toHaveLength(2);
      expect(frames[1]!.match(/"ADDED"/g)).toHaveLength(2);
    }
  });

  it('WATCH-5 a catch-up pauses until the receiver has taken what it was sent', () => {
    const { hub, write, fill } = openHub();
    fill(40, 500_000);
    const slow = receiver();
    const subscription = hub.open(query, slow.sink);
    const first = slow.characters();
    expect(first).toBeGreaterThan(3_000_000);
    expect(first).toBeLessThan(6_000_000);
    write('late');
    expect(slow.characters()).toBe(first);
    for (let i = 0; i < 10; i++) hub.acknowledge(subscription, subscription.outstanding);
    expect(subscription.phase.name).toBe('live');
    expect(slow.frames.at(-1)).toContain('"late"');
    expect(slow.saved.at(-1)!.phase).toMatchObject({ name: 'live' });
    expect(slow.frames.join('').split('\n')).toHaveLength(42);
  });

  it('WATCH-5 a live watcher that takes nothing is cut off, others do not notice', () => {
    const { hub, engine } = openHub();
    const slow = receiver();
    const quick = receiver();
    hub.open({ ...query, since: 1 }, slow.sink);
    const other = hub.open({ ...query, since: 1 }, quick.sink);
    for (let i = 0; i < 20; i++) {
      hub.publish(engine.transact(transaction(create(podKey(`p${i}`), { data: 'x'.repeat(1_000_000) }))).events);
      hub.acknowledge(other, other.outstanding);
    }
    expect(slow.closed()).toMatch(/slow/);
    expect(slow.characters()).toBeLessThanOrEqual(CUT_OFF_CHARACTERS);
    expect(quick.frames).toHaveLength(20);
    expect(hub.size).toBe(1);
  });

  it('WATCH-3 a catch-up that the compaction overtakes ends with 410', () => {
    const { hub, engine, fill } = openHub();
    fill(40, 500_000);
    const slow = receiver();
    const subscription = hub.open({ ...query, since: 1 }, slow.sink);
    engine.compact(Number.POSITIVE_INFINITY, 1000);
    hub.acknowledge(subscription, subscription.outstanding);
    expect(slow.frames.at(-1)).toContain('"code":410');
    expect(slow.closed()).toBe('Expired');
  });

  it('WATCH-1 a saved subscription goes on where it stood, caught up or not', () => {
    const { hub, engine, clock, write, fill } = openHub();
    fill(20, 500_000);
    const before = receiver();
    hub.open({ ...query, initialEvents: true }, before.sink);
    expect(before.saved.at(-1)!.phase.name).toBe('list');
    const awake = new WatchHub({ engine, clock });
    const after = receiver();
    const subscription = awake.resume(before.saved.at(-1)!, after.sink);
    while (subscription.phase.name !== 'live') awake.acknowledge(subscription, subscription.outstanding);
    const lines = [...before.frames, ...after.frames].join('').trimEnd().split('\n');
    expect(lines).toHaveLength(21);
    expect(lines.at(-1)).toContain('initial-events-end');
    write('next');
    const asleep = receiver();
    const resumed = new WatchHub({ engine, clock });
    resumed.resume(after.saved.at(-1)!, asleep.sink);
    resumed.publish(engine.transact(transaction(update(podKey('next')))).events);
    expect(asleep.frames).toHaveLength(1);
  });

  it('many watchers get several events in one frame, in order, and are not waited for', () => {
    const { hub, clock, write, delivered } = openHub();
    const receivers = Array.from({ length: 200 }, receiver);
    for (const { sink } of receivers) hub.open({ ...query, since: 1 }, sink);
    write('a');
    expect(receivers[0]!.frames).toHaveLength(0);
    clock.pass(0);
    clock.pass(50);
    write('b');
    write('a', 'c');
    clock.pass(50);
    for (const { frames } of receivers) {
      expect(frames.length).toBeLessThanOrEqual(2);
      expect(frames.join('').match(/"resourceVersion":"\d+"/g)).toEqual(
        [2, 3, 4, 4].map((revision) => `"resourceVersion":"${revision}"`),
      );
    }
    expect(receivers[7]!.frames.at(-1)).toBe(receivers[0]!.frames.at(-1));
    expect(delivered.at(-1)).toBe(4);
  });

  it('WATCH-2 a bookmark comes after what is pending, and only to those who asked and are live', () => {
    const { hub, write } = openHub();
    const receivers = Array.from({ length: 50 }, receiver);
    for (const [i, { sink }] of receivers.entries())
      hub.open({ ...query, since: i === 1 ? 9 : 1, bookmarks: i !== 2 }, sink);
    write('a');
    hub.bookmark();
    expect(receivers[0]!.frames.map((frame) => frame.slice(0, 12))).toEqual(['{"type":"ADD', '{"type":"BOO']);
    expect(receivers[0]!.frames[1]).toContain('"resourceVersion":"2"');
    expect(receivers[1]!.frames).toEqual([]);
    expect(receivers[2]!.frames).toHaveLength(1);
  });
});
