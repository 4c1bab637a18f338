/**
 * The synchronous heart of a shard. Both implementations (memory, SQLite) supply it; `local-shard.ts` makes a `Shard`
 * of it and the watch hub reads catch-up from it. Nothing here waits, so every call is atomic by itself (TX-1).
 */
import type {
  ChangesQuery,
  ChangesResult,
  DependentObject,
  GetResult,
  ListQuery,
  ListResult,
  ObjectKey,
  Projection,
  Transaction,
  TransactionResult,
} from './contract.ts';

/** One write as watchers and consumers see it. Texts are complete: they carry the revision of the event. */
export interface ShardEvent {
  revision: number;
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  key: ObjectKey;
  text: string;
  projection: Projection;
  /** The state before a MODIFIED or DELETED; its text already carries the revision of this event. */
  old?: { text: string; projection: Projection };
}

/** A slice of the log. All events up to `through` are in it; `more` says that the log goes on. */
export interface EventPage {
  events: ShardEvent[];
  through: number;
  more: boolean;
}

/** A page of a list with its texts apart; `joinPage` makes the answer of the contract from it. */
export type ListPage =
  | Extract<ListResult, { ok: false }>
  | (Omit<Extract<ListResult, { ok: true }>, 'text'> & { texts: string[] });

export interface EventQuery {
  /** Events of later revisions. */
  since: number;
  /** Stop after the revision with which the texts exceed this many characters. */
  maxCharacters: number;
  /** Only events of these resources. */
  resources?: readonly string[];
  /** At most this many events and those of the same revision. */
  maxEvents?: number;
}

/** Objects of some resources without their texts, in order of resource and key; `next` continues. */
export interface ProjectionPage {
  revision: number;
  objects: { key: ObjectKey; revision: number; projection: Projection }[];
  next?: ObjectKey;
}

export interface ShardEngine {
  get(key: ObjectKey): GetResult;
  list(query: ListQuery): ListPage;
  /** `events` is empty when the transaction failed, wrote nothing, or had been applied before. */
  transact(transaction: Transaction): { result: TransactionResult; events: ShardEvent[] };
  changes(query: ChangesQuery): ChangesResult;
  /** Revision of the last write. */
  revision(): number;
  /** Revisions below this one can neither be read nor watched from. */
  compacted(): number;
  tracked(): number;
  /** The log after `since`, which must not lie below `compacted()`. */
  events(query: EventQuery): EventPage;
  /** Objects of any resource that name `owner` (a UID) among their owners, in order of resource and key. */
  dependents(owner: string): DependentObject[];
  /** Resources of which there are objects. */
  resources(): string[];
  /** What is there now, for consumers whose place in the log was compacted away. */
  projections(resources: readonly string[], after: ObjectKey | undefined, limit: number): ProjectionPage;
  /** Drops at most `limit` events committed before `before` (ms since the epoch), oldest first; true when more remain. */
  compact(before: number, limit: number): boolean;
  /** Commit time of the oldest event of the log, in ms since the epoch; undefined when the log is empty. */
  oldestEvent(): number | undefined;
}

/** Two writes to one object in one transaction have no order that a watcher could see; callers must not ask for it. */
export function assertDistinctKeys(transaction: Transaction): void {
  if (transaction.ops.length < 2) return;
  const seen = new Set<string>();
  for (const op of transaction.ops) {
    if (op.type === 'check') continue;
    const id = `${op.key.resource}\0${op.key.namespace}\0${op.key.name}`;
    if (seen.has(id)) throw new Error(`transaction writes ${op.key.resource} ${op.key.namespace}/${op.key.name} twice`);
    seen.add(id);
  }
}
