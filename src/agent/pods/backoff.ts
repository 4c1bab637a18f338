import type { Clock } from '../../base/clock.ts';

interface Entry {
  wait: number;
  updated: number;
}

/** Waiting times that double per failure of a key. Upstream: client-go/util/flowcontrol.Backoff. */
export class Backoff {
  readonly #clock: Clock;
  readonly #initial: number;
  readonly #max: number;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock, initialMs = 10_000, maxMs = 300_000) {
    this.#clock = clock;
    this.#initial = initialMs;
    this.#max = maxMs;
  }

  /** Records a failure that happened at `since`; the next one waits twice as long, anew after a long quiet time. */
  next(key: string, since = this.#clock.now()): void {
    const entry = this.#entries.get(key);
    const fresh = entry === undefined || since - entry.updated > 2 * this.#max;
    const wait = fresh ? this.#initial : Math.min(this.#max, entry.wait * 2);
    this.#entries.set(key, { wait, updated: this.#clock.now() });
  }

  /** Milliseconds still to wait when the failure happened at `since`; 0 for none. */
  remaining(key: string, since: number): number {
    const entry = this.#entries.get(key);
    if (entry === undefined || since - entry.updated > 2 * this.#max) return 0;
    return Math.max(0, since + entry.wait - this.#clock.now());
  }

  /** Milliseconds still to wait since the last failure that `next` recorded. */
  remainingSinceUpdate(key: string): number {
    const entry = this.#entries.get(key);
    return entry === undefined ? 0 : this.remaining(key, entry.updated);
  }

  /** The waiting time as messages name it. */
  wait(key: string): number {
    return this.#entries.get(key)?.wait ?? 0;
  }

  forget(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key);
  }
}
