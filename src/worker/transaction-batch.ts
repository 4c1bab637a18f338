/**
 * Group commit. Transactions of one turn share one commit of the database and one fsync, so a transaction waits for the
 * writers that are at work at that moment, but for no longer than a millisecond. A writer that is alone does not wait,
 * unless it writes so much that others should get their turn in between (the deletion of a collection). Each is still a transaction of its own, and none is answered before the commit is durable.
 */
import { type Clock, systemClock } from '../base/clock.ts';
import type { Transaction, TransactionResult } from '../storage/contract.ts';
import type { ShardEngine, ShardEvent } from '../storage/engine.ts';

interface Waiting {
  transaction: Transaction;
  resolve(result: TransactionResult): void;
  reject(error: unknown): void;
}

const MAX_WAIT_MS = 1;
/** Transactions that are applied before the loop turns to something else. */
const MAX_PER_TURN = 64;

export class TransactionBatch {
  readonly #engine: ShardEngine;
  readonly #onEvents: (events: readonly ShardEvent[]) => void;
  #waiting: Waiting[] = [];
  readonly #clock: Clock;
  #writers = 0;
  #due = false;
  /** In a Worker time stands still until the loop turns. */
  #turn = 0;
  #inTurn = 0;

  /** `onEvents` gets the events of a batch in the turn of its commit. */
  constructor(engine: ShardEngine, onEvents: (events: readonly ShardEvent[]) => void, clock: Clock = systemClock) {
    this.#engine = engine;
    this.#onEvents = onEvents;
    this.#clock = clock;
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
      if (this.#writers === 0 || this.#isOverdrawn()) this.#runAfter(0);
      else if (this.#waiting.length >= this.#writers) this.#run();
      else this.#runAfter(MAX_WAIT_MS);
    });
  }

  #runAfter(ms: number): void {
    if (this.#due) return;
    this.#due = true;
    this.#clock.after(ms, () => {
      this.#due = false;
      this.#inTurn = 0;
      if (this.#waiting.length > 0) this.#run();
    });
  }

  #isOverdrawn(): boolean {
    const now = this.#clock.now();
    if (now !== this.#turn) this.#inTurn = 0;
    this.#turn = now;
    return ++this.#inTurn > MAX_PER_TURN;
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
