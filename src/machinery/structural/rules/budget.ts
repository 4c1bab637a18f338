/** What the rules of one object may cost together. Upstream: celconfig.RuntimeCELCostBudget. */
import { CEL_RUNTIME_BUDGET } from '../../cel/index.ts';

export class RuleBudget {
  #left = CEL_RUNTIME_BUDGET;
  #spent = false;

  /** Nothing more may be run. */
  get spent(): boolean {
    return this.#spent;
  }

  /** Whether something may still be run. */
  get open(): boolean {
    return !this.#spent && this.#left > 0;
  }

  /** Takes the cost of an evaluation; false when it is more than there was. */
  take(cost: number): boolean {
    if (cost > this.#left) {
      this.#spent = true;
      return false;
    }
    this.#left -= cost;
    return true;
  }

  /** No more rules are run, whatever is left. */
  close(): void {
    this.#spent = true;
  }

  /** What is left, to be used up in another way as well. */
  copy(): RuleBudget {
    const copy = new RuleBudget();
    copy.#left = this.#left;
    copy.#spent = this.#spent;
    return copy;
  }

  /** Leaves as little as `other` has left. */
  lower(other: RuleBudget): void {
    this.#left = Math.min(this.#left, other.#left);
    this.#spent ||= other.#spent;
  }
}
