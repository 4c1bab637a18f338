import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Transaction, TransactionResult } from '../../src/storage/contract.ts';
import type { ShardEngine, ShardEvent } from '../../src/storage/engine.ts';
import { TransactionBatch } from '../../src/worker/transaction-batch.ts';

const RESULT: TransactionResult = { ok: true, revision: 1, objects: [], tracked: 0 };

function openBatch() {
  const applied: string[] = [];
  const turns: number[] = [];
  const engine = {
    transact({ id }: Transaction) {
      if (id === 'bad') throw new Error('broken');
      applied.push(id);
      return { result: RESULT, events: [{} as ShardEvent] };
    },
  } as unknown as ShardEngine;
  const batch = new TransactionBatch(engine, (events) => turns.push(events.length));
  const submit = (id: string) => batch.submit({ id, ops: [] });
  return { applied, turns, batch, submit };
}

describe('TransactionBatch', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('does not keep a writer waiting that is alone', async () => {
    const { applied, batch, submit } = openBatch();
    batch.enter();
    const result = submit('a');
    expect(applied).toEqual(['a']);
    expect(await result).toBe(RESULT);
  });

  it('applies the transactions of writers that are at work together in one turn', async () => {
    const { applied, turns, batch, submit } = openBatch();
    batch.enter();
    batch.enter();
    const results = [submit('a')];
    expect(applied).toEqual([]);
    results.push(submit('b'));
    expect(applied).toEqual(['a', 'b']);
    expect(turns).toEqual([2]);
    await Promise.all(results);
  });

  it('goes on when the writer that it waited for leaves without a transaction', () => {
    const { applied, batch, submit } = openBatch();
    batch.enter();
    const leave = batch.enter();
    void submit('a');
    leave();
    expect(applied).toEqual(['a']);
  });

  it('waits for a slow writer for a millisecond', () => {
    const { applied, batch, submit } = openBatch();
    batch.enter();
    batch.enter();
    void submit('a');
    vi.advanceTimersByTime(1);
    expect(applied).toEqual(['a']);
  });

  it('gathers what comes by calls for a turn', () => {
    const { applied, turns, submit } = openBatch();
    void submit('a');
    void submit('b');
    expect(applied).toEqual([]);
    vi.advanceTimersByTime(0);
    expect(applied).toEqual(['a', 'b']);
    expect(turns).toEqual([2]);
  });

  it('fails only the transaction that throws', async () => {
    const { applied, batch, submit } = openBatch();
    batch.enter();
    batch.enter();
    const bad = submit('bad');
    const good = submit('a');
    await expect(bad).rejects.toThrow('broken');
    expect(await good).toBe(RESULT);
    expect(applied).toEqual(['a']);
  });

  it('lets others have their turn while one writer writes very much', () => {
    const { applied, batch, submit } = openBatch();
    batch.enter();
    for (let i = 0; i < 100; i++) void submit(`${i}`);
    expect(applied).toHaveLength(64);
    vi.advanceTimersByTime(0);
    expect(applied).toHaveLength(100);
  });
});
