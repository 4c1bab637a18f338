/**
 * Hands committed changes to consumers (controllers, scheduler), each at its own pace from its own cursor, in order
 * and at least once. A write never waits for it.
 */
import type { Clock } from '../base/clock.ts';
import type { Change, ObjectKey } from './contract.ts';
import type { ShardEngine, ShardEvent } from './engine.ts';

export interface OutboxConsumer {
  /** Names its cursor. */
  name: string;
  wants(resource: string): boolean;
  /** Resolves when the changes are safe with the consumer. */
  deliver(changes: Change[]): Promise<void>;
}

/** Where cursors are kept. */
export interface CursorStore {
  read(name: string): string | undefined;
  write(name: string, value: string): void;
}

export interface OutboxOptions {
  engine: ShardEngine;
  cursors: CursorStore;
  clock: Clock;
  consumers: readonly OutboxConsumer[];
  /** A consumer failed and is to be tried again at `at` (ms since the epoch) by calling `run`. */
  retryAt(at: number): void;
  onError(consumer: string, error: unknown): void;
}

/** Milliseconds in which changes gather before they go out together. */
const GATHER_MS = 3;
const MAX_BATCH = 500;
/** Live changes kept per consumer; what is beyond is read from the log. */
const MAX_QUEUE = 2000;
/** A cursor is written at most this often: a change that goes out twice is harmless, a row per batch is not. */
const CURSOR_MS = 1000;
const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 60_000;

interface Lane {
  consumer: OutboxConsumer;
  cursor: number;
  stored: number;
  /** Wanted changes after `queueFrom`, complete. */
  queue: Change[];
  queueFrom: number;
  running: boolean;
  due: boolean;
  saving: boolean;
  failures: number;
}

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #lanes: Lane[];

  constructor(options: OutboxOptions) {
    this.#options = options;
    const { engine, cursors } = options;
    this.#lanes = options.consumers.map((consumer) => {
      const cursor = Number(cursors.read(`cursor/${consumer.name}`) ?? 1);
      const queueFrom = engine.revision();
      const idle = { running: false, due: false, saving: false, failures: 0 };
      return { consumer, cursor, stored: cursor, queue: [], queueFrom, ...idle };
    });
  }

  /** Takes note of the events of one commit. */
  publish(events: readonly ShardEvent[]): void {
    for (const lane of this.#lanes) {
      for (const event of events) {
        if (lane.consumer.wants(event.key.resource)) lane.queue.push(changeOf(event));
      }
      if (lane.queue.length > MAX_QUEUE) this.#overflow(lane);
      if (lane.failures === 0) this.#schedule(lane);
    }
  }

  /** Tries every consumer that is behind, also those that failed. */
  run(): void {
    for (const lane of this.#lanes) this.#schedule(lane);
  }

  #overflow(lane: Lane): void {
    lane.queue = [];
    lane.queueFrom = this.#options.engine.revision();
  }

  #schedule(lane: Lane): void {
    if (lane.running || lane.due) return;
    if (lane.cursor >= this.#options.engine.revision()) return;
    lane.due = true;
    this.#options.clock.after(GATHER_MS, () => {
      lane.due = false;
      void this.#drain(lane);
    });
  }

  async #drain(lane: Lane): Promise<void> {
    if (lane.running) return;
    lane.running = true;
    try {
      while (lane.cursor < this.#options.engine.revision()) await this.#step(lane);
      lane.failures = 0;
    } catch (error) {
      const wait = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** lane.failures++);
      this.#options.onError(lane.consumer.name, error);
      this.#options.retryAt(this.#options.clock.now() + wait);
    } finally {
      lane.running = false;
    }
  }

  async #step(lane: Lane): Promise<void> {
    const { engine } = this.#options;
    if (lane.cursor < engine.compacted()) await this.#deliverAll(lane);
    else if (lane.cursor >= lane.queueFrom) await this.#deliverQueue(lane);
    else await this.#deliverLog(lane);
    this.#save(lane);
  }

  async #deliverQueue(lane: Lane): Promise<void> {
    let through = this.#options.engine.revision();
    let count = lane.queue.length;
    if (count > MAX_BATCH) {
      count = MAX_BATCH;
      // A revision is delivered whole, or the cursor would skip its rest.
      while (count < lane.queue.length && lane.queue[count]!.revision === lane.queue[count - 1]!.revision) count++;
      if (count < lane.queue.length) through = lane.queue[count - 1]!.revision;
    }
    const batch = lane.queue.slice(0, count);
    if (batch.length > 0) await lane.consumer.deliver(batch);
    // More may have come meanwhile, and an overflow may have emptied the queue.
    lane.queue = lane.queue.filter((change) => change.revision > through);
    lane.cursor = through;
  }

  async #deliverLog(lane: Lane): Promise<void> {
    const page = this.#options.engine.events({
      since: lane.cursor,
      maxCharacters: Number.POSITIVE_INFINITY,
      maxEvents: MAX_BATCH,
    });
    const batch = page.events.filter((event) => lane.consumer.wants(event.key.resource)).map(changeOf);
    if (batch.length > 0) await lane.consumer.deliver(batch);
    lane.cursor = page.through;
    lane.queue = lane.queue.filter((change) => change.revision > page.through);
  }

  /** The log no longer reaches back to the cursor: everything that is there now goes out as ADDED. */
  async #deliverAll(lane: Lane): Promise<void> {
    const { engine } = this.#options;
    const through = engine.revision();
    const resources = engine.resources().filter((resource) => lane.consumer.wants(resource));
    let after: ObjectKey | undefined;
    do {
      const page = engine.projections(resources, after, MAX_BATCH);
      const batch = page.objects.map((object): Change => ({ type: 'ADDED', ...object }));
      if (batch.length > 0) await lane.consumer.deliver(batch);
      after = page.next;
    } while (after);
    lane.cursor = through;
    lane.queue = lane.queue.filter((change) => change.revision > through);
  }

  #save(lane: Lane): void {
    if (lane.saving || lane.stored === lane.cursor) return;
    lane.saving = true;
    this.#options.clock.after(CURSOR_MS, () => {
      lane.saving = false;
      lane.stored = lane.cursor;
      this.#options.cursors.write(`cursor/${lane.consumer.name}`, String(lane.cursor));
    });
  }
}

function changeOf(event: ShardEvent): Change {
  const { revision, type, key, projection } = event;
  if (type !== 'MODIFIED' || !event.old) return { revision, type, key, projection };
  return { revision, type, key, projection, old: event.old.projection };
}
