/** How long the edge believes what it has read, in milliseconds. */
const FRESH_FOR = 500;
/** Up to here a value may be used while another request is reading it anew. */
const USABLE_FOR = 1_000;

/**
 * Decides who reads again. Results are shared between requests and promises never are: in a Worker a promise dies with
 * the request that made it, and whoever waits for it waits for ever.
 */
export class Freshness {
  #readAt = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;

  /** Whether a caller at `now` has to read; if so, others may rely on it for a while. */
  claim(now: number): boolean {
    const age = now - this.#readAt;
    if (age < FRESH_FOR) return false;
    if (age < USABLE_FOR && this.#askedAt > this.#readAt) return false;
    this.#askedAt = now;
    return true;
  }

  /** A read that was asked for at `at` has come in. */
  confirm(at: number): void {
    if (at > this.#readAt) this.#readAt = at;
  }
}
