/** The client's end of a watch over the WebSocket of a shard. */
import type { Clock } from '../base/clock.ts';
import type { WatchQuery, WatchStream } from '../storage/contract.ts';
import { bookmarkLine } from '../storage/watch-lines.ts';
import { ACKNOWLEDGE_PREFIX, LIVE_FRAME, REVISION_PREFIX, REVISION_REQUEST } from './watch-sockets.ts';

const BOOKMARK_INTERVAL_MS = 60_000;
/** Characters taken before the shard is told, so that it can bound what a slow reader has outstanding. */
const ACKNOWLEDGE_EVERY = 1024 * 1024;

const ignore = (): void => {};

export class ShardWatchStream implements WatchStream {
  onFrame: (frame: string) => void = ignore;
  onClose: (why: string) => void = ignore;
  readonly #socket: WebSocket;
  readonly #query: WatchQuery;
  readonly #clock: Clock;
  #taken = 0;
  #done = false;
  #live = false;
  #cancelBookmark: () => void = ignore;

  /** `socket` is not accepted yet: frames wait in it until the caller has set its callbacks. */
  constructor(socket: WebSocket, query: WatchQuery, clock: Clock) {
    this.#socket = socket;
    this.#query = query;
    this.#clock = clock;
    socket.addEventListener('message', ({ data }) => this.#receive(String(data)));
    socket.addEventListener('close', ({ reason }) => this.#end(reason || 'the shard closed the watch'));
    socket.addEventListener('error', () => this.#end('the connection to the shard was lost'));
    // Events are dispatched in later tasks, so callbacks that are set in this one miss nothing.
    socket.accept();
  }

  requestBookmark(): void {
    if (this.#live && !this.#done) this.#socket.send(REVISION_REQUEST);
  }

  close(): void {
    if (this.#done) return;
    this.#done = true;
    this.#cancelBookmark();
    this.#socket.close(1000, 'the client went away');
  }

  #receive(frame: string): void {
    if (this.#done) return;
    if (frame === LIVE_FRAME) {
      this.#live = true;
      if (this.#query.bookmarks) this.#askLater();
      return;
    }
    if (frame.startsWith(REVISION_PREFIX)) {
      this.#bookmark(Number(frame.slice(1)));
      return;
    }
    this.onFrame(frame);
    this.#taken += frame.length;
    if (this.#taken < ACKNOWLEDGE_EVERY) return;
    this.#socket.send(`${ACKNOWLEDGE_PREFIX}${this.#taken}`);
    this.#taken = 0;
  }

  /** Bookmarks are asked for: the answer is given for the shard while it sleeps (WATCH-2). */
  #askLater(): void {
    this.#cancelBookmark = this.#clock.after(BOOKMARK_INTERVAL_MS, () => {
      if (this.#done) return;
      this.#socket.send(REVISION_REQUEST);
      this.#askLater();
    });
  }

  #bookmark(revision: number): void {
    if (revision < (this.#query.since ?? 0)) return;
    this.onFrame(bookmarkLine(this.#query, revision));
  }

  #end(why: string): void {
    if (this.#done) return;
    this.#done = true;
    this.#cancelBookmark();
    this.onClose(why);
  }
}
