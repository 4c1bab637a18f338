/** A bound on what one search may cost: linear time is still long for a large expression over a long text. */

const MAX_WORK = 20_000_000;

/** An expression that was made to be slow, over a text that makes it so. */
export class RegexpLimitError extends Error {
  override readonly name = 'RegexpLimitError';
}

/** What was done before and now together. Throws a RegexpLimitError when it is too much. */
export function spend(before: number, steps: number): number {
  const work = before + steps + 1;
  if (work > MAX_WORK) throw new RegexpLimitError('the regular expression takes too long over this text');
  return work;
}
