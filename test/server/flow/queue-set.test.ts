import { describe, expect, test } from 'vitest';
import { allocate } from '../../../src/server/flow/allocation.ts';
import { dealHand } from '../../../src/server/flow/dealer.ts';
import { DroppedRequests } from '../../../src/server/flow/dropped.ts';
import type { QueuedRequest, Work } from '../../../src/server/flow/queue.ts';
import { QueueSet } from '../../../src/server/flow/queue-set.ts';
import { WatchCounts } from '../../../src/server/flow/watch-counts.ts';
import { WorkEstimator } from '../../../src/server/flow/work.ts';
import { parseRequestInfo } from '../../../src/server/request-info.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const LIMITS = { deadline: 0, maxSeats: 4, limit: 100, bodyBytes: 0, transforms: false };

const work = (over: Partial<Work> = {}): Work => ({
  ...{ seats: 1, initialSeats: 1, finalSeats: 0, lingerMs: 0, deadline: Number.POSITIVE_INFINITY },
  ...over,
});

function start(set: QueueSet, flow: string, over: Partial<Work> = {}): QueuedRequest {
  const started = set.start(flow, work(over));
  if (typeof started === 'string') throw new Error(started);
  set.claim(started);
  return started;
}

describe('the queues of a priority level', () => {
  test('requests run up to the limit, wait up to the length, and are refused beyond', () => {
    const set = new QueueSet(createManualClock());
    set.configure({ queues: 1, queueLength: 2, handSize: 1 }, 2);
    const running = [start(set, 'a'), start(set, 'a')];
    const waiting = [start(set, 'a'), start(set, 'a')];
    expect(running.map(({ state }) => state)).toEqual(['executing', 'executing']);
    expect(waiting.map(({ state }) => state)).toEqual(['waiting', 'waiting']);
    expect(set.start('a', work())).toBe('queue-full');
    set.finish(running[0]!);
    set.finish(running[0]!);
    expect(waiting.map(({ state }) => state)).toEqual(['executing', 'waiting']);
  });

  test('without queues what finds no seat is refused at once; an exempt level has no limit', () => {
    const set = new QueueSet(createManualClock());
    set.configure({ queues: 0, queueLength: 0, handSize: 0 }, 1);
    const first = start(set, 'a');
    expect(set.start('a', work())).toBe('concurrency-limit');
    set.finish(first);
    expect(start(set, 'a').state).toBe('executing');
    const exempt = new QueueSet(createManualClock());
    exempt.configure({ queues: -1, queueLength: 0, handSize: 0 }, 0);
    for (let i = 0; i < 1_000; i++) expect(start(exempt, 'a').state).toBe('executing');
  });

  test('a flow that floods does not hold up another one: both get their turns', () => {
    const clock = createManualClock();
    const set = new QueueSet(clock);
    set.configure({ queues: 64, queueLength: 50, handSize: 6 }, 4);
    const flood = Array.from({ length: 150 }, () => set.start('flood', work())).filter(
      (one): one is QueuedRequest => typeof one !== 'string',
    );
    expect(flood.filter(({ state }) => state === 'waiting').length).toBeGreaterThan(100);
    let served = 0;
    const waits: number[] = [];
    let mine = start(set, 'quiet');
    let since = served;
    while (waits.length < 5) {
      const running = [...set.executing][0]!;
      clock.advance(10);
      set.finish(running);
      served++;
      if (mine.state === 'waiting') continue;
      waits.push(served - since);
      set.finish(mine);
      mine = start(set, 'quiet');
      since = served;
    }
    // A handful of queues hold the flood, and each of them gets its turn before the quiet flow's next one.
    expect(Math.max(...waits)).toBeLessThan(20);
  });

  test('seats of requests that never ended come back after a minute', () => {
    const clock = createManualClock();
    const set = new QueueSet(clock);
    set.configure({ queues: 1, queueLength: 5, handSize: 1 }, 1);
    start(set, 'gone');
    const next = start(set, 'a');
    for (let i = 0; i < 59; i++) {
      clock.advance(1_000);
      set.poll(next);
    }
    expect(next.state).toBe('waiting');
    clock.advance(2_000);
    set.poll(next);
    expect(next.state).toBe('executing');
  });

  test('a waiting request that gives no sign of life is passed over', () => {
    const clock = createManualClock();
    const set = new QueueSet(clock);
    set.configure({ queues: 1, queueLength: 5, handSize: 1 }, 1);
    const running = start(set, 'a');
    const gone = start(set, 'a');
    const live = start(set, 'a');
    clock.advance(2_000);
    set.poll(live);
    clock.advance(1_500);
    set.poll(live);
    set.finish(running);
    expect([gone.state, live.state]).toEqual(['abandoned', 'executing']);
  });

  test('a seat that its request never took is passed on soon', () => {
    const clock = createManualClock();
    const set = new QueueSet(clock);
    set.configure({ queues: 1, queueLength: 5, handSize: 1 }, 1);
    const first = start(set, 'a');
    start(set, 'dead');
    const live = start(set, 'a');
    set.finish(first);
    expect(live.state).toBe('waiting');
    clock.advance(2_500);
    set.poll();
    expect(live.state).toBe('executing');
  });

  test('a request whose time is over is not started, and does not hold up the next one', () => {
    const clock = createManualClock();
    const set = new QueueSet(clock);
    set.configure({ queues: 1, queueLength: 5, handSize: 1 }, 1);
    const first = start(set, 'a');
    const late = start(set, 'a', { deadline: clock.now() + 100 });
    const next = start(set, 'a');
    clock.advance(200);
    set.finish(first);
    expect([late.state, next.state]).toEqual(['abandoned', 'executing']);
  });

  test('a wide request waits for its seats, and what it sets off keeps them for a while', () => {
    const clock = createManualClock();
    const set = new QueueSet(clock);
    set.configure({ queues: 1, queueLength: 5, handSize: 1 }, 3);
    const first = start(set, 'a');
    const wide = start(set, 'a', { seats: 3, initialSeats: 1, finalSeats: 3, lingerMs: 50 });
    expect(wide.state).toBe('waiting');
    set.finish(first);
    expect(wide.state).toBe('executing');
    set.finish(wide);
    const next = start(set, 'a');
    expect(next.state).toBe('waiting');
    clock.advance(60);
    set.poll();
    expect(next.state).toBe('executing');
    // Wider than the whole level: alone, it runs.
    set.finish(next);
    expect(start(set, 'a', { seats: 9, initialSeats: 9 }).state).toBe('executing');
  });

  test('a smaller number of queues empties those beyond; a larger limit starts what waits', () => {
    const set = new QueueSet(createManualClock());
    set.configure({ queues: 8, queueLength: 5, handSize: 1 }, 1);
    const running = start(set, 'a');
    const waiting = Array.from({ length: 8 }, (_, i) => start(set, `flow-${i}`));
    set.configure({ queues: 1, queueLength: 20, handSize: 1 }, 1);
    set.finish(running);
    expect(waiting.filter(({ state }) => state === 'executing')).toHaveLength(1);
    set.configure({ queues: 1, queueLength: 20, handSize: 1 }, 100);
    expect(waiting.every(({ state }) => state === 'executing')).toBe(true);
  });
});

describe('shuffle sharding', () => {
  test('a flow always has the same hand, of different queues; flows differ', () => {
    const hands = Array.from({ length: 200 }, (_, i) => dealHand(`user-${i}`, 64, 6));
    expect(dealHand('user-7', 64, 6)).toEqual(hands[7]);
    for (const hand of hands) {
      expect(new Set(hand).size).toBe(6);
      for (const card of hand) expect(card >= 0 && card < 64).toBe(true);
    }
    expect(new Set(hands.map((hand) => [...hand].sort().join())).size).toBe(200);
    const uses = new Array(64).fill(0);
    for (const card of hands.flat()) uses[card]++;
    expect(Math.min(...uses)).toBeGreaterThan(4);
    expect(dealHand('x', 3, 3).sort()).toEqual([0, 1, 2]);
  });
});

describe('seats by demand', () => {
  test('are proportional to targets within the bounds, and sum to the whole', () => {
    const even = allocate(30, [
      { lower: 0, target: 10, upper: 100 },
      { lower: 0, target: 20, upper: 100 },
    ]);
    expect(even?.seats.map(Math.round)).toEqual([10, 20]);
    const bounded = allocate(100, [
      { lower: 5, target: 5, upper: 10 },
      { lower: 30, target: 40, upper: 50 },
      { lower: 0, target: 10, upper: 500 },
    ]);
    expect(bounded?.seats.map(Math.round)).toEqual([10, 50, 40]);
    expect(allocate(10, [{ lower: 20, target: 20, upper: 30 }])).toBeUndefined();
    expect(allocate(40, [{ lower: 20, target: 20, upper: 30 }])).toBeUndefined();
  });
});

describe('the time clients are told to stay away', () => {
  test('doubles while many are turned away, and falls one by one', () => {
    const dropped = new DroppedRequests();
    let now = 1_000_000;
    const second = (count: number): number => {
      now += 1_000;
      let told = 0;
      for (let i = 0; i < count; i++) told = dropped.record(now);
      return told;
    };
    expect([second(10), second(10), second(10), second(10), second(10)]).toEqual([1, 2, 2, 4, 4]);
    for (let i = 0; i < 60; i++) second(40);
    expect(second(40)).toBe(32);
    now += 60_000;
    expect([second(1), second(1), second(1)]).toEqual([31, 30, 29]);
  });
});

describe('the work of a request', () => {
  const request = (method: string, path: string) => {
    const url = new URL(`http://cluster.test${path}`);
    return { info: parseRequestInfo(method, url), query: url.searchParams, ...LIMITS };
  };
  const create = request('POST', '/api/v1/namespaces/a/pods');

  test('grows with the watches that a write concerns, up to what the level lets one request have', () => {
    const watches = new WatchCounts();
    const estimator = new WorkEstimator(watches);
    const add = (count: number, path: string): (() => void)[] =>
      Array.from({ length: count }, () => {
        const { info, query } = request('GET', path);
        return watches.add(info, query);
      });
    add(9, '/api/v1/pods?watch=1');
    // Watches for one node, of other namespaces or of other resources are no work for this write.
    add(50, '/api/v1/pods?watch=1&fieldSelector=spec.nodeName%3Dn');
    add(50, '/api/v1/namespaces/b/pods?watch=1');
    add(50, '/api/v1/configmaps?watch=1');
    expect(estimator.estimate(create)).toMatchObject({ seats: 1, finalSeats: 0, lingerMs: 0 });
    const ends = add(21, '/api/v1/namespaces/a/pods?watch=1');
    expect(estimator.estimate(create)).toMatchObject({ seats: 3, initialSeats: 1, finalSeats: 3, lingerMs: 5 });
    add(50, '/api/v1/namespaces/a/pods?watch=1');
    // Eight seats for five milliseconds are as much as four for ten.
    expect(estimator.estimate(create)).toMatchObject({ seats: 4, finalSeats: 4, lingerMs: 10 });
    for (const end of ends) end();
    expect(estimator.estimate(request('GET', '/api/v1/namespaces/a/pods/p'))).toMatchObject({ seats: 1, lingerMs: 0 });
  });

  test('of a list and of a watch that starts with one goes by what there is', () => {
    const estimator = new WorkEstimator(new WatchCounts());
    const all = { ...request('GET', '/api/v1/pods'), maxSeats: 0 };
    estimator.observe(all.info, { count: 1_000, characters: 3_000_000 });
    const seats = (path: string): number => estimator.estimate({ ...request('GET', path), maxSeats: 0 }).seats;
    expect(seats('/api/v1/pods')).toBe(30);
    expect(seats('/api/v1/pods?limit=100')).toBe(3);
    expect(seats('/api/v1/pods?limit=100&labelSelector=a')).toBe(15);
    expect(seats('/api/v1/pods?resourceVersion=0')).toBe(10);
    expect(seats('/api/v1/pods?watch=1&resourceVersion=5')).toBe(1);
    expect(seats('/api/v1/pods?watch=1&sendInitialEvents=true&resourceVersion=5')).toBe(10);
    expect(seats('/api/v1/services')).toBe(1);
    expect(estimator.estimate({ ...all, maxSeats: 8 }).seats).toBe(8);
  });
});
