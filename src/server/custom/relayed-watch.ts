import type { WatchStream } from '../../storage/contract.ts';

/** A stream that passes on what it is given, and keeps it until somebody listens. */
export class RelayedWatch implements WatchStream {
  readonly #source: WatchStream;
  readonly #released: () => void;
  #frames: string[] = [];
  #closed: string | undefined;
  #onFrame: ((frame: string) => void) | undefined;
  #onClose: ((why: string) => void) | undefined;

  /** `released` runs when the reader closes the stream. */
  constructor(source: WatchStream, released: () => void = () => undefined) {
    this.#source = source;
    this.#released = released;
  }

  get onFrame(): (frame: string) => void {
    return this.#onFrame ?? (() => undefined);
  }

  set onFrame(listener: (frame: string) => void) {
    this.#onFrame = listener;
    const waiting = this.#frames;
    this.#frames = [];
    for (const frame of waiting) listener(frame);
  }

  get onClose(): (why: string) => void {
    return this.#onClose ?? (() => undefined);
  }

  set onClose(listener: (why: string) => void) {
    this.#onClose = listener;
    if (this.#closed !== undefined) listener(this.#closed);
  }

  requestBookmark(): void {
    this.#source.requestBookmark();
  }

  close(): void {
    this.#released();
    this.#source.close();
  }

  /** Gives a frame to the reader. */
  pass(frame: string): void {
    if (this.#onFrame) this.#onFrame(frame);
    else this.#frames.push(frame);
  }

  /** Tells the reader, once, that the stream has ended, and lets the source go. */
  end(why: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = why;
    this.close();
    this.#onClose?.(why);
  }
}
