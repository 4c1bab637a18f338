/** Objects whose deletion waits for their dependents are `deleting`. */
type Known = 'alive' | 'deleting' | 'gone';

/** How many owners are remembered; forgetting one costs a read. */
const MAX_KNOWN = 20_000;

/**
 * What the change feed told of objects that own others, so that the creation of a pod need not read its ReplicaSet.
 * Nothing comes back to life: a late answer of an earlier read changes nothing.
 */
export class OwnerMemory {
  readonly #known = new Map<string, Known>();

  get(uid: string): Known | undefined {
    return this.#known.get(uid);
  }

  note(uid: string, known: Known): void {
    const before = this.#known.get(uid);
    if (before === 'gone' || (before === 'deleting' && known === 'alive')) return;
    this.#known.delete(uid);
    this.#known.set(uid, known);
    if (this.#known.size <= MAX_KNOWN) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      return;
    }
  }
}
