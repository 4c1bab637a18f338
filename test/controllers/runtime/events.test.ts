import { expect, test } from 'vitest';
import { EventCorrelator } from '../../../src/controllers/runtime/event-correlation.ts';

const event = (message: string, about = 'pod a') => ({ about, type: 'Normal', reason: 'Scaled', message });

function feed(correlator: EventCorrelator, message: string, now = 0, about?: string) {
  const correlation = correlator.correlate(event(message, about), now);
  if (correlation.do === 'drop') return 'drop';
  const count = correlation.do === 'count' ? correlation.seen.count + 1 : 1;
  correlator.written(correlation.id, { name: 'x', count, firstTimestamp: '' });
  return `${correlation.do} ${count} ${correlation.message}`;
}

test('the same event is counted, a different one is written anew', () => {
  const correlator = new EventCorrelator();
  expect([feed(correlator, 'up'), feed(correlator, 'up'), feed(correlator, 'down'), feed(correlator, 'up')]).toEqual([
    'create 1 up',
    'count 2 up',
    'create 1 down',
    'count 3 up',
  ]);
});

test('from the tenth different message in ten minutes on, similar events are combined into one', () => {
  const correlator = new EventCorrelator();
  const results = Array.from({ length: 12 }, (_, i) => feed(correlator, `m${i}`, i));
  expect(results.slice(0, 9).every((result) => result.startsWith('create 1 m'))).toBe(true);
  expect(results.slice(9)).toEqual([
    'create 1 (combined from similar events): m9',
    'count 2 (combined from similar events): m10',
    'count 3 (combined from similar events): m11',
  ]);
  expect(feed(correlator, 'later', 700_000)).toBe('create 1 later');
});

test('one object may have 25 events at once and then one each five minutes; others are not affected', () => {
  const correlator = new EventCorrelator();
  const results = Array.from({ length: 30 }, () => feed(correlator, 'again'));
  expect(results.filter((result) => result === 'drop')).toHaveLength(5);
  expect(feed(correlator, 'again', 0, 'pod b')).toBe('create 1 again');
  expect(feed(correlator, 'again', 299_000)).toBe('drop');
  expect(feed(correlator, 'again', 301_000)).toBe('count 26 again');
});
