/** How long clients are told to stay away, by how many were turned away. Upstream: util/flowcontrol/dropped_requests_tracker.go. */

const MAX_RETRY_AFTER = 32;

/** What happened at one priority level. */
export class DroppedRequests {
  #retryAfter = 1;
  #raisedAt = 0;
  #second = 0;
  #count = 0;
  #history: { second: number; count: number }[] = [];

  /** Counts a request that was turned away at `now` (milliseconds since the epoch); the result is seconds to wait. */
  record(now: number): number {
    const second = Math.floor(now / 1_000);
    if (second === this.#second) {
      this.#count++;
      return this.#retryAfter;
    }
    this.#remember();
    this.#second = second;
    this.#count = 1;
    this.#update(second);
    return this.#retryAfter;
  }

  #remember(): void {
    this.#history.push({ second: this.#second, count: this.#count });
    const oldest = this.#second - Math.min(2 * this.#retryAfter, MAX_RETRY_AFTER);
    this.#history = this.#history.filter(({ second }) => second >= oldest);
  }

  /** Doubles while many are turned away, at most once in that time; falls by one when few are. */
  #update(second: number): void {
    let dropped = 0;
    for (const entry of this.#history) if (second - entry.second <= this.#retryAfter) dropped += entry.count;
    if (second - this.#raisedAt >= this.#retryAfter && dropped >= 3 * this.#retryAfter) {
      this.#retryAfter = Math.min(2 * this.#retryAfter, MAX_RETRY_AFTER);
      this.#raisedAt = second;
    } else if (dropped < this.#retryAfter && this.#retryAfter > 1) this.#retryAfter--;
  }
}
