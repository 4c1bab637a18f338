/** Requests that keep the one thread busy: one of them at a time, and small ones of others in between. */
import { describe, expect, test } from 'vitest';
import type { QueuedRequest, Work } from '../../../src/server/flow/queue.ts';
import { QueueSet } from '../../../src/server/flow/queue-set.ts';
import { WatchCounts } from '../../../src/server/flow/watch-counts.ts';
import { WorkEstimator, type WorkInput } from '../../../src/server/flow/work.ts';
import { parseRequestInfo } from '../../../src/server/request-info.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const NO_QUERY = new URLSearchParams();
const LIMIT = 20;

function estimate(request: string, over: Partial<WorkInput> = {}, estimator = new WorkEstimator(new WatchCounts())) {
  const [method = '', pathname = ''] = request.split(' ');
  const info = parseRequestInfo(method, { pathname, searchParams: NO_QUERY });
  return estimator.estimate({
    ...{ info, query: NO_QUERY, maxSeats: 4, limit: LIMIT, bodyBytes: 0, transforms: false, deadline: 1e15 },
    ...over,
  });
}

const CREATE = 'POST /api/v1/namespaces/a/configmaps';
const LIST = 'GET /api/v1/configmaps';

describe('the work of a request', () => {
  test('is more than half of the level from a body of 64 KiB on', () => {
    expect(estimate(CREATE, { bodyBytes: 60_000 })).toMatchObject({ seats: 1, lingerMs: 0 });
    expect(estimate(CREATE, { bodyBytes: 70_000 })).toMatchObject({ seats: 11, finalSeats: 11, pauses: true });
    expect(estimate(CREATE, { bodyBytes: 70_000 }).lingerMs).toBe(10);
    expect(estimate(CREATE, { bodyBytes: Number.POSITIVE_INFINITY }).lingerMs).toBe(50);
    expect(estimate(CREATE, { bodyBytes: 70_000, limit: 0 }).seats).toBe(1);
  });

  test('is as much for long lists that are shown in another form', () => {
    const estimator = new WorkEstimator(new WatchCounts());
    const info = parseRequestInfo('GET', { pathname: '/api/v1/configmaps', searchParams: NO_QUERY });
    estimator.observe(info, { count: 10_000, characters: 20_000_000 });
    expect(estimate(LIST, {}, estimator).pauses).toBeUndefined();
    expect(estimate(LIST, { transforms: true, maxSeats: 10 }, estimator)).toMatchObject({ seats: 11, pauses: true });
    expect(estimate(LIST, { transforms: true })).toMatchObject({ seats: 1 });
  });
});

describe('a flood of large requests', () => {
  const large: Work = estimate(CREATE, { bodyBytes: 3_000_000 });
  const small: Work = estimate(CREATE);

  test('runs one by one, with pauses, and small requests of others go past it', () => {
    const clock = createManualClock();
    const set = new QueueSet(clock);
    set.configure({ queues: 64, queueLength: 50, handSize: 6 }, LIMIT);
    const flood = Array.from({ length: 40 }, () => set.start('flood', large) as QueuedRequest);
    const states = (): string[] => [...new Set(flood.map(({ state }) => state))].sort();
    expect(flood.filter(({ state }) => state === 'executing')).toHaveLength(1);
    for (let round = 0; round < 10; round++) {
      clock.advance(300);
      for (const request of flood) request.seenAt = clock.now();
      const mine = set.start('quiet', small) as QueuedRequest;
      expect(mine.state).toBe('executing');
      set.finish([...set.executing].find((one) => one !== mine)!);
      set.finish(mine);
      expect(set.executing.size).toBe(0);
      const between = set.start('quiet', small) as QueuedRequest;
      expect(between.state).toBe('executing');
      set.finish(between);
      clock.advance(60);
      set.poll();
      expect(flood.filter(({ state }) => state === 'executing')).toHaveLength(1);
    }
    expect(states()).toEqual(['executing', 'finished', 'waiting']);
  });

  test('makes no pause for nobody: one after the other starts at once', () => {
    const set = new QueueSet(createManualClock());
    set.configure({ queues: 64, queueLength: 50, handSize: 6 }, LIMIT);
    for (let i = 0; i < 10; i++) {
      const request = set.start('one', large) as QueuedRequest;
      expect(request.state).toBe('executing');
      set.finish(request);
    }
    expect(set.totals.seatsInUse).toBe(0);
  });
});
