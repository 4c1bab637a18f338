import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { QueuedRequest } from '../../../src/server/flow/queue.ts';
import { QueueSet } from '../../../src/server/flow/queue-set.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const step = fc.oneof(
  fc.record({
    do: fc.constant('start' as const),
    flow: fc.integer({ min: 0, max: 5 }),
    seats: fc.integer({ min: 1, max: 4 }),
    lingerMs: fc.constantFrom(0, 0, 0, 30),
    waitMs: fc.constantFrom(50, 5_000),
  }),
  fc.record({ do: fc.constant('finish' as const), which: fc.nat() }),
  fc.record({ do: fc.constant('abandon' as const), which: fc.nat() }),
  fc.record({ do: fc.constant('advance' as const), ms: fc.constantFrom(1, 10, 40, 3_000) }),
  fc.record({
    do: fc.constant('configure' as const),
    queues: fc.integer({ min: 1, max: 6 }),
    limit: fc.integer({ min: 1, max: 8 }),
  }),
);

test('whatever comes, no seat is lost or given twice, and nothing waits for ever', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const clock = createManualClock();
      const set = new QueueSet(clock);
      const shape = (queues: number) => ({ queues, queueLength: 4, handSize: Math.min(2, queues) });
      set.configure(shape(3), 4);
      const all: QueuedRequest[] = [];
      const inState = (state: QueuedRequest['state']) => all.filter((request) => request.state === state);
      let limit = 4;
      let largest = 4;
      for (const one of steps) {
        const before = set.totals.seatsInUse;
        if (one.do === 'start') {
          const { seats, lingerMs } = one;
          const work = { seats, initialSeats: 1, finalSeats: seats, lingerMs, deadline: clock.now() + one.waitMs };
          const started = set.start(`flow-${one.flow}`, work);
          if (typeof started !== 'string') {
            set.claim(started);
            all.push(started);
          } else expect(before).toBeGreaterThanOrEqual(limit);
        } else if (one.do === 'finish') {
          const running = inState('executing');
          if (running.length > 0) set.finish(running[one.which % running.length]!);
        } else if (one.do === 'abandon') {
          const waiting = inState('waiting');
          if (waiting.length > 0) set.abandon(waiting[one.which % waiting.length]!);
        } else if (one.do === 'advance') {
          clock.advance(one.ms);
          set.poll();
        } else {
          ({ limit } = one);
          set.configure(shape(one.queues), limit);
        }
        for (const request of inState('executing')) set.claim(request);
        largest = Math.max(largest, limit);
        const { waiting, executing, seatsInUse } = set.totals;
        expect([waiting, executing]).toEqual([inState('waiting').length, inState('executing').length]);
        // A request wider than the limit runs alone; a limit that shrank takes no seats away.
        expect(seatsInUse).toBeLessThanOrEqual(largest + 4);
        if (seatsInUse < limit && waiting > 0) {
          const widest = Math.max(...inState('waiting').map(({ work }) => work.seats));
          expect(seatsInUse + widest).toBeGreaterThan(limit);
        }
      }
      for (const request of inState('executing')) set.finish(request);
      for (let i = 0; i < 50; i++) {
        clock.advance(2_000);
        set.poll();
      }
      expect(set.totals).toMatchObject({ waiting: 0, executing: 0, seatsInUse: 0, seatsWaiting: 0 });
      expect(set.idle).toBe(true);
    }),
    { numRuns: 300 },
  );
});
