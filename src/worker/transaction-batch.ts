/**
 * Group commit. Transactions of one turn share one commit of the database and one fsync, so a transaction waits for the
 * writers that are at work at that moment, but for no longer than a millisecond. A writer that is alone does not wait.
 * Each is still a transaction of its own, and none is answered before the commit is durable.
 */
import type { Transaction, TransactionResult } from '../storage/contract.ts';
import type { ShardEngine, ShardEvent } from '../storage/engine.ts';

interface Waiting {
  transaction: Transaction;
  resolve(result: TransactionResult): void;
  reject(error: unknown): void;
}

const MAX_WAIT_MS = 1;

export class TransactionBatch {
  readonly #engine: ShardEngine;
  readonly #onEvents: (events: readonly ShardEvent[]) => void;
  #waiting: Waiting[] = [];
  #writers = 0;
  #due = false;

  /** `onEvents` gets the events of a batch in the turn of its commit. */
  constructor(engine: ShardEngine, onEvents: (events: readonly ShardEvent[]) => void) {
    this.#engine = engine;
    this.#onEvents = onEvents;
  }

  /** Somebody is at work in this object who will likely submit a transaction; call the result when he is done. */
  enter(): () => void {
    this.#writers++;
    return () => {
      this.#writers--;
      if (this.#waiting.length > 0 && this.#waiting.length >= this.#writers) this.#run();
    };
  }

  submit(transaction: Transaction): Promise<TransactionResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ transaction, resolve, reject });
      // Without writers here it came by a call, and more of them may be on their way.
      if (this.#writers === 0) this.#runAfter(0);
      else if (this.#waiting.length >= this.#writers) this.#run();
      else this.#runAfter(MAX_WAIT_MS);
    });
  }

  #runAfter(ms: number): void {
    if (this.#due) return;
    this.#due = true;
    setTimeout(() => {
      this.#due = false;
      if (this.#waiting.length > 0) this.#run();
    }, ms);
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
