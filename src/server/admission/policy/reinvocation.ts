/** Which mutating policies run once more after later ones changed the object. Upstream: policy/mutating/reinvocationcontext.go. */

import { deepEqual } from '../../../machinery/apply/index.ts';
import { copyJson } from '../../../machinery/copy-json.ts';
import type { KubeObject } from '../../../machinery/meta.ts';
import type { Reinvocation } from '../../contract.ts';

const NAME = 'MutatingAdmissionPolicy';

export class PolicyReinvocation {
  readonly #chain: Reinvocation | undefined;
  #invoked = new Set<string>();
  readonly #due = new Set<string>();
  #output: unknown;

  private constructor(chain: Reinvocation | undefined) {
    this.#chain = chain;
  }

  /** What is kept between the two runs of one request. */
  static of(chain: Reinvocation | undefined): PolicyReinvocation {
    const known = chain?.values.get(NAME) as PolicyReinvocation | undefined;
    if (known) return known;
    const made = new PolicyReinvocation(chain);
    chain?.values.set(NAME, made);
    return made;
  }

  /** In the second run, policies are due when something changed the object after the first. */
  begin(object: KubeObject | undefined): void {
    if (this.#chain?.isReinvoke && !deepEqual(this.#output, object ?? null)) this.#requirePrevious();
  }

  end(object: KubeObject | undefined): void {
    this.#output = object ? copyJson(object) : null;
  }

  isDue(key: string): boolean {
    return !this.#chain?.isReinvoke || this.#due.has(key);
  }

  /** The object changed: whoever ran before and wants to may run once more. */
  changed(): void {
    this.#requirePrevious();
    if (this.#chain) this.#chain.shouldReinvoke = true;
  }

  ran(key: string): void {
    this.#invoked.add(key);
  }

  #requirePrevious(): void {
    for (const key of this.#invoked) this.#due.add(key);
    this.#invoked = new Set();
  }
}
