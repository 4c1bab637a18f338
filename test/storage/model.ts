/** What a shard should be: every state it ever had, kept whole. */
import type { ObjectKey, Transaction, TransactionResult, WriteOp } from '../../src/storage/contract.ts';

export interface ModelObject {
  key: ObjectKey;
  revision: number;
  data: string;
  labels: Record<string, string>;
  node: string;
  owners: string[];
  claims: string[];
}

export type ModelState = ReadonlyMap<string, ModelObject>;

export interface ModelFilter {
  namespace?: string;
  /** Value of the label `app`. */
  app?: string;
  /** Value of the field `spec.nodeName`. */
  node?: string;
  owner?: string;
}

const idOf = (key: ObjectKey): string => `${key.namespace}\0${key.name}`;

export function matches(filter: ModelFilter, object: ModelObject): boolean {
  return (
    (filter.namespace === undefined || object.key.namespace === filter.namespace) &&
    (filter.app === undefined || object.labels.app === filter.app) &&
    (filter.node === undefined || object.node === filter.node) &&
    (filter.owner === undefined || object.owners.includes(filter.owner))
  );
}

export class ShardModel {
  /** State by revision, from revision 1 on. */
  readonly states: ModelState[] = [new Map(), new Map()];
  readonly #applied = new Map<string, number>();
  compacted = 1;

  get revision(): number {
    return this.states.length - 1;
  }

  state(revision: number): ModelState {
    return this.states[revision]!;
  }

  /** The outcome to expect: the revision, or the failing operation and why. */
  transact(transaction: Transaction): { ok: true; revision: number } | { ok: false; op: number; why: string } {
    const known = this.#applied.get(transaction.id);
    if (known !== undefined) return { ok: true, revision: known };
    const state = new Map(this.state(this.revision));
    for (const [op, write] of transaction.ops.entries()) {
      const why = this.#apply(state, write);
      if (why) return { ok: false, op, why };
    }
    if (transaction.ops.some((op) => op.type !== 'check')) {
      this.states.push(state);
      this.#applied.set(transaction.id, this.revision);
    }
    return { ok: true, revision: this.revision };
  }

  #apply(state: Map<string, ModelObject>, op: WriteOp): Extract<TransactionResult, { ok: false }>['why'] | undefined {
    const id = idOf(op.key);
    const present = state.get(id);
    if (op.type === 'create') {
      if (present) return 'AlreadyExists';
    } else {
      if (!present) return 'NotFound';
      if (op.expect?.uid !== undefined && op.expect.uid !== `uid-${op.key.name}`) return 'UidMismatch';
      if (op.expect?.revision !== undefined && op.expect.revision !== present.revision) return 'RevisionMismatch';
    }
    if (op.type === 'check') return undefined;
    if (op.type === 'delete') {
      state.delete(id);
      return undefined;
    }
    const { projection, text, claims = [] } = op.object;
    const others = [...state].filter(([other]) => other !== id).flatMap(([, object]) => object.claims);
    if (claims.some((claim) => others.includes(claim))) return 'ClaimTaken';
    state.set(id, {
      ...{ key: op.key, revision: this.revision + 1, labels: projection.labels, claims },
      data: (JSON.parse(text) as { data: string }).data,
      node: projection.fields['spec.nodeName'] ?? '',
      owners: projection.owners.map((owner) => owner.uid),
    });
    return undefined;
  }

  /** `name@revision` of a list, in order. */
  list(revision: number, filter: ModelFilter): string[] {
    return [...this.state(revision).values()]
      .filter((object) => matches(filter, object))
      .sort((a, b) => (idOf(a.key) < idOf(b.key) ? -1 : 1))
      .map((object) => `${object.key.namespace}/${object.key.name}@${object.revision} ${object.data}`);
  }

  /** What a watch with `filter` sees of one revision, as a set: the operations of a transaction have an order too. */
  events(revision: number, filter: ModelFilter): string[] {
    const before = this.state(revision - 1);
    const after = this.state(revision);
    const found: string[] = [];
    for (const id of new Set([...before.keys(), ...after.keys()])) {
      const old = before.get(id);
      const now = after.get(id);
      if (old === now) continue;
      const was = old !== undefined && matches(filter, old);
      const is = now !== undefined && matches(filter, now);
      const { key } = (now ?? old)!;
      const name = `${key.namespace}/${key.name}@${revision}`;
      if (is) found.push(`${was ? 'MODIFIED' : 'ADDED'} ${name} ${now.data}`);
      else if (was) found.push(`DELETED ${name} ${old.data}`);
    }
    return found.sort();
  }
}
