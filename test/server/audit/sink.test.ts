import { describe, expect, test } from 'vitest';
import { createAuditMetrics, createAuditSink } from '../../../src/server/audit/index.ts';
import { silentLog } from '../../support/cluster.ts';
import { createManualClock } from '../../support/manual-clock.ts';

function setUp(append: (events: readonly string[]) => Promise<unknown>) {
  const clock = createManualClock();
  const metrics = createAuditMetrics();
  metrics.decided('Metadata');
  const work: Promise<unknown>[] = [];
  const sink = createAuditSink({
    ...{ clock, metrics, logger: silentLog, log: { append: async (events) => Number(await append(events)) || 0 } },
    waitUntil: (promise) => void work.push(promise),
  });
  /** Lets time pass until all work is done. */
  const settle = async (): Promise<void> => {
    let done = false;
    void Promise.all(work.splice(0)).then(() => {
      done = true;
    });
    for (let i = 0; i < 100 && !done; i++) {
      clock.advance(200);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { clock, metrics, sink, work, settle };
}

describe('the way of audit events to their log', () => {
  test('events of a moment go in one call, in order, and one request at a time waits for them', async () => {
    const calls: string[][] = [];
    const { sink, work, settle } = setUp(async (events) => void calls.push([...events]));
    for (let i = 0; i < 10; i++) sink.write(`event ${i}`);
    expect(work).toHaveLength(1);
    expect(calls).toEqual([]);
    await settle();
    expect(calls).toEqual([Array.from({ length: 10 }, (_, i) => `event ${i}`)]);
    sink.write('later');
    await settle();
    expect(calls[1]).toEqual(['later']);
  });

  test('many events go at once', async () => {
    const calls: number[] = [];
    const { sink, settle } = setUp(async (events) => void calls.push(events.length));
    for (let i = 0; i < 1_000; i++) sink.write('e');
    expect(calls).toEqual([400, 400]);
    await settle();
    expect(calls).toEqual([400, 400, 200]);
  });

  test('a request that never sent what it was to send is replaced by a later one', async () => {
    const calls: string[][] = [];
    const { clock, sink, work } = setUp(async (events) => void calls.push([...events]));
    sink.write('a');
    // Its isolate has forgotten the first request, timer and all.
    work.splice(0);
    clock.advance(0);
    sink.write('b');
    expect(work).toHaveLength(0);
    clock.advance(6_000);
    sink.write('c');
    expect(work.length + calls.length).toBeGreaterThan(0);
  });

  test('a log that fails is tried again; what it never takes is counted', async () => {
    let failures = 2;
    const kept: string[] = [];
    const { metrics, sink, settle } = setUp(async (events) => {
      if (failures-- > 0) throw new Error('away');
      kept.push(...events);
    });
    sink.write('a');
    await settle();
    expect(kept).toEqual(['a']);
    failures = 3;
    sink.write('b');
    sink.write('c');
    await settle();
    expect(kept).toEqual(['a']);
    expect(metrics.render()).toContain('apiserver_audit_error_total{plugin="log"} 2');
    expect(metrics.render()).toContain('apiserver_audit_event_total 3');
  });

  test('what the log dropped before it was passed on is counted', async () => {
    const { metrics, sink, settle } = setUp(async () => 7);
    sink.write('a');
    await settle();
    expect(metrics.render()).toContain('apiserver_audit_error_total{plugin="forward"} 7');
  });

  test('what no buffer holds is dropped and counted', () => {
    const { metrics, sink } = setUp(() => new Promise(() => undefined));
    const event = 'x'.repeat(200_000);
    // One event below the size of a batch, and then one that is too much for any buffer.
    sink.write(event);
    sink.write('x'.repeat(8_300_000));
    expect(metrics.render()).toContain('apiserver_audit_error_total{plugin="buffered"} 1');
  });
});
