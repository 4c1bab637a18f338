/** A `Shard` in the process of its caller: an engine and a watch hub behind the contract. */
import { type Clock, systemClock } from '../base/clock.ts';
import type { Shard, WatchQuery, WatchStream } from './contract.ts';
import type { ShardEngine } from './engine.ts';
import { joinPage } from './list-page.ts';
import { WatchHub, type WatchSink } from './watch-hub.ts';

export interface LocalShard extends Shard {
  /** Drops the history committed before `before` (ms since the epoch), or all of it (COMPACT-1). */
  compact(before?: number): void;
}

const BOOKMARK_INTERVAL_MS = 60_000;

export interface LocalShardOptions {
  engine: ShardEngine;
  clock?: Clock;
  /** Milliseconds of history kept while writes go on. */
  historyMs?: number;
}

export function createLocalShard({ engine, clock = systemClock, historyMs = 300_000 }: LocalShardOptions): LocalShard {
  const hub = new WatchHub({ engine, clock });
  let bookmarksDue = false;
  const scheduleBookmarks = (): void => {
    if (bookmarksDue) return;
    bookmarksDue = true;
    clock.after(BOOKMARK_INTERVAL_MS, () => {
      bookmarksDue = false;
      hub.bookmark();
      if (hub.size > 0) scheduleBookmarks();
    });
  };
  let lastCompaction = clock.now();
  const compactOldHistory = (): void => {
    if (clock.now() - lastCompaction < historyMs / 10) return;
    lastCompaction = clock.now();
    while (engine.compact(lastCompaction - historyMs, 10_000));
  };
  return {
    get: async (key) => engine.get(key),
    list: async (query) => joinPage(engine.list(query)),
    async transact(transaction) {
      const { result, events } = engine.transact(transaction);
      if (events.length > 0) {
        hub.publish(events);
        compactOldHistory();
      }
      return result;
    },
    async watch(query) {
      if (query.bookmarks) scheduleBookmarks();
      return openLocalWatch(hub, query);
    },
    changes: async (query) => engine.changes(query),
    revision: async () => engine.revision(),
    dependents: async (owner) => engine.dependents(owner),
    compact(before = Number.POSITIVE_INFINITY) {
      while (engine.compact(before, 10_000));
    },
  };
}

function openLocalWatch(hub: WatchHub, query: WatchQuery): WatchStream {
  const stream = new LocalWatchStream();
  const sink: WatchSink = {
    send(frame) {
      stream.receive(frame);
      // The receiver is called directly, so a frame is taken the moment it is sent.
      if (subscription) subscription.outstanding = 0;
    },
    close: (why) => stream.end(why),
  };
  let subscription: ReturnType<WatchHub['open']> | undefined;
  subscription = hub.open(query, sink);
  const opened = subscription;
  stream.onStop = () => hub.close(opened);
  stream.onRequestBookmark = () => hub.bookmark([opened]);
  while (!opened.closed && opened.phase.name !== 'live') hub.acknowledge(opened, Number.POSITIVE_INFINITY);
  return stream;
}

/** Keeps frames until the receiver has set its callbacks, so that none is lost between. */
class LocalWatchStream implements WatchStream {
  onStop: () => void = () => {};
  onRequestBookmark: () => void = () => {};
  #onFrame: ((frame: string) => void) | undefined;
  #onClose: ((why: string) => void) | undefined;
  #early: string[] = [];
  #why: string | undefined;
  #closed = false;

  get onFrame(): (frame: string) => void {
    return this.#onFrame ?? (() => {});
  }

  set onFrame(callback: (frame: string) => void) {
    this.#onFrame = callback;
    for (const frame of this.#early.splice(0)) if (!this.#closed) callback(frame);
    this.#finish();
  }

  get onClose(): (why: string) => void {
    return this.#onClose ?? (() => {});
  }

  set onClose(callback: (why: string) => void) {
    this.#onClose = callback;
    this.#finish();
  }

  requestBookmark(): void {
    if (!this.#closed) this.onRequestBookmark();
  }

  receive(frame: string): void {
    if (this.#closed) return;
    if (this.#onFrame) this.#onFrame(frame);
    else this.#early.push(frame);
  }

  end(why: string): void {
    this.#why ??= why;
    this.#finish();
  }

  close(): void {
    this.#closed = true;
    this.onStop();
  }

  #finish(): void {
    if (this.#why === undefined || this.#closed || !this.#onFrame || !this.#onClose) return;
    this.#closed = true;
    this.#onClose(this.#why);
  }
}
