import type { Controller } from './define-controller.ts';

/** A promise that one piece of work is done, or will survive a crash. */
export interface Ticket {
  readonly item: Item;
  settled: boolean;
  readonly done: Promise<void>;
  settle(): void;
}

/** A key that is waiting for its turn, being reconciled, or pausing shortly after a failure. */
export interface Item {
  readonly lane: Lane;
  readonly key: string;
  state: 'ready' | 'running' | 'pausing';
  /** Asked for again while running. */
  dirty: boolean;
  attempts: number;
  tickets: Ticket[];
  cancelPause?: () => void;
}

/** The work of one controller. */
export interface Lane {
  readonly controller: Controller;
  readonly items: Map<string, Item>;
  readonly ready: Item[];
  running: number;
}

/**
 * Work in memory: one queue per controller, each key once, first in first out, taken from the controllers in turn, so
 * that neither a busy key nor a busy controller keeps others waiting. Upstream: client-go/util/workqueue.
 */
export class Lanes {
  readonly byName = new Map<string, Lane>();
  readonly #order: Lane[];
  #turn = 0;
  #running = 0;
  readonly #limit: number;

  /** `limit` is the number of keys reconciled at the same time over all controllers. */
  constructor(controllers: readonly Controller[], limit: number) {
    this.#limit = limit;
    for (const controller of controllers) {
      this.byName.set(controller.name, { controller, items: new Map(), ready: [], running: 0 });
    }
    this.#order = [...this.byName.values()];
  }

  get busy(): boolean {
    return this.#order.some((lane) => lane.items.size > 0);
  }

  /** Asks for a run of `key` that starts after this moment. */
  add(lane: Lane, key: string, attempts = 0): Ticket {
    let item = lane.items.get(key);
    if (item === undefined) {
      item = { lane, key, state: 'ready', dirty: false, attempts, tickets: [] };
      lane.items.set(key, item);
      lane.ready.push(item);
    } else if (item.state === 'running') {
      item.dirty = true;
    } else if (item.state === 'pausing') {
      this.wake(item);
    }
    const ticket = createTicket(item);
    item.tickets.push(ticket);
    return ticket;
  }

  /** The next key to run, now marked as running; undefined when none may run. */
  take(): Item | undefined {
    if (this.#running >= this.#limit) return undefined;
    for (let i = 0; i < this.#order.length; i++) {
      const lane = this.#order[(this.#turn + i) % this.#order.length]!;
      if (lane.ready.length === 0 || lane.running >= lane.controller.concurrency) continue;
      this.#turn = (this.#turn + i + 1) % this.#order.length;
      const item = lane.ready.shift()!;
      item.state = 'running';
      item.dirty = false;
      lane.running++;
      this.#running++;
      return item;
    }
    return undefined;
  }

  /** Ends a run: back to the end of the queue when asked for meanwhile, forgotten otherwise. */
  finish(item: Item): void {
    this.#stop(item);
    if (item.dirty) this.#enqueue(item);
    else item.lane.items.delete(item.key);
  }

  /** Ends a run that failed: ready again when `wake` is called. */
  pause(item: Item, cancelPause: () => void): void {
    this.#stop(item);
    item.state = 'pausing';
    item.cancelPause = cancelPause;
  }

  wake(item: Item): void {
    item.cancelPause?.();
    delete item.cancelPause;
    this.#enqueue(item);
  }

  #stop(item: Item): void {
    item.lane.running--;
    this.#running--;
  }

  #enqueue(item: Item): void {
    item.state = 'ready';
    item.lane.ready.push(item);
  }
}

function createTicket(item: Item): Ticket {
  let settle = () => {};
  const done = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const ticket: Ticket = {
    item,
    settled: false,
    done,
    settle() {
      ticket.settled = true;
      settle();
    },
  };
  return ticket;
}
