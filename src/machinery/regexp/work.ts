/** A bound on what a search may cost: linear time is still long for a large expression over a long text. */

const MAX_WORK = 20_000_000;

/** An expression that was made to be slow, over a text that makes it so. */
export class RegexpLimitError extends Error {
  override readonly name = 'RegexpLimitError';
}

/** Counts the steps of searches that belong together. */
export class Work {
  steps = 0;

  /** Throws a RegexpLimitError when it is too much. */
  spend(steps: number): void {
    this.steps += steps + 1;
    if (this.steps > MAX_WORK) throw new RegexpLimitError('the regular expression takes too long over this text');
  }
}
