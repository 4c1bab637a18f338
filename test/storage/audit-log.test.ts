import { describe, expect, test } from 'vitest';
import { AuditRows } from '../../src/storage/audit-log.ts';
import { openNodeSql } from './node-sql.ts';

describe('the log of audit events', () => {
  test('gives events in order, from a place or a time on', () => {
    const rows = new AuditRows(openNodeSql());
    expect(rows.read({})).toEqual({ events: [], next: 0, more: false });
    rows.append(['a', 'b'], 1_000);
    const first = rows.read({});
    expect(first.events).toEqual(['a', 'b']);
    rows.append(['c'], 2_000);
    expect(rows.read({ after: first.next }).events).toEqual(['c']);
    expect(rows.read({ since: 1_500 }).events).toEqual(['c']);
    const last = rows.read({ after: first.next }).next;
    expect(rows.read({ after: last })).toEqual({ events: [], next: last, more: false });
    // A reader that starts late and finds nothing of its time goes on from the end.
    expect(rows.read({ since: 9_000 })).toEqual({ events: [], next: last, more: false });
  });

  test('large batches take several rows and several pages', () => {
    const rows = new AuditRows(openNodeSql());
    const event = 'x'.repeat(500_000);
    rows.append(
      Array.from({ length: 12 }, () => event),
      1,
    );
    let read = 0;
    let after = 0;
    for (let more = true; more; ) {
      const page = rows.read({ after });
      read += page.events.length;
      ({ next: after, more } = page);
    }
    expect(read).toBe(12);
  });

  test('the oldest events go when it is full, also after it was opened anew, and it tells what a consumer missed', () => {
    const sql = openNodeSql();
    const rows = new AuditRows(sql, 30);
    rows.ensureConsumer('webhook');
    expect(rows.append(['1234567890'], 1, ['webhook'])).toBe(0);
    rows.append(['2234567890'], 2, ['webhook']);
    rows.append(['32345', '7890'], 3, ['webhook']);
    const again = new AuditRows(sql, 30);
    expect(again.append(['4234567890'], 4, ['webhook'])).toBe(1);
    expect(again.read({}).events).toEqual(['2234567890', '32345', '7890', '4234567890']);
    again.delivered('webhook', again.read({}).next);
    expect(again.append(['5234567890'], 5, ['webhook'])).toBe(0);
  });

  test('a consumer gets each batch until it has taken it, and starts with what comes after it was set up', () => {
    const rows = new AuditRows(openNodeSql());
    rows.append(['old'], 1);
    rows.ensureConsumer('webhook');
    expect(rows.pending('webhook')).toBeUndefined();
    rows.append(['new'], 2);
    rows.ensureConsumer('webhook');
    const batch = rows.pending('webhook');
    expect(batch?.events).toEqual(['new']);
    expect(rows.pending('webhook')).toEqual(batch);
    rows.delivered('webhook', batch?.seq ?? 0);
    expect(rows.pending('webhook')).toBeUndefined();
  });
});
