/** A watch that is served from memory, between the one who sends and the one who follows. */
import type { Clock } from '../base/clock.ts';
import type { WatchStream } from './contract.ts';

const BOOKMARK_INTERVAL_MS = 60_000;

export interface MirrorWatchOptions {
  clock: Clock;
  bookmarks: boolean;
  /** There is something to take again. */
  onBusy: () => void;
  /** All of it was taken: so many characters. */
  onTaken: (characters: number) => void;
  onBookmark: () => void;
  /** The receiver has gone. */
  onStop: () => void;
}

/**
 * Frames come from whichever request wrote; a loop of the watching request takes them, because in a Worker only that
 * one may touch the connection it answers.
 */
export class MirrorWatch implements WatchStream {
  readonly #options: MirrorWatchOptions;
  #onFrame: WatchStream['onFrame'] | undefined;
  onClose: (why: string) => void = () => {};
  #frames: string[] = [];
  #characters = 0;
  #busy = false;
  #why: string | undefined;
  #done = false;
  #wake: (() => void) | undefined;

  constructor(options: MirrorWatchOptions) {
    this.#options = options;
  }

  get onFrame(): WatchStream['onFrame'] {
    return this.#onFrame ?? (() => {});
  }

  /** Begins to hand out frames, once the current task has set the other callback too. */
  set onFrame(callback: WatchStream['onFrame']) {
    const started = this.#onFrame !== undefined;
    this.#onFrame = callback;
    if (started) return;
    void this.#run();
    if (this.#options.bookmarks) this.#bookmarkLater();
  }

  /** From the sender. */
  send(frame: string): void {
    this.#frames.push(frame);
    if (!this.#busy) {
      this.#busy = true;
      this.#options.onBusy();
    }
    this.#rouse();
  }

  /** From the sender: what was sent is still handed out. */
  end(why: string): void {
    this.#why ??= why;
    this.#rouse();
  }

  requestBookmark(): void {
    if (!this.#done) this.#options.onBookmark();
  }

  close(): void {
    if (this.#done) return;
    this.#done = true;
    this.#frames = [];
    this.#settle();
    this.#options.onStop();
    this.#rouse();
  }

  async #run(): Promise<void> {
    await null;
    while (!this.#done) {
      if (this.#frames.length > 0) await this.#hand();
      else if (this.#why !== undefined) {
        const why = this.#why;
        this.close();
        this.onClose(why);
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  async #hand(): Promise<void> {
    const frames = this.#frames;
    this.#frames = [];
    let passedOn: void | Promise<void> = Promise.resolve();
    for (const frame of frames) {
      this.#characters += frame.length;
      if (!this.#done) passedOn = this.#onFrame?.(frame);
    }
    await passedOn;
    if (this.#frames.length === 0) this.#settle();
  }

  #settle(): void {
    if (!this.#busy) return;
    this.#busy = false;
    this.#options.onTaken(this.#characters);
    this.#characters = 0;
  }

  #rouse(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #bookmarkLater(): void {
    this.#options.clock.after(BOOKMARK_INTERVAL_MS, () => {
      if (this.#done) return;
      this.#options.onBookmark();
      this.#bookmarkLater();
    });
  }
}
