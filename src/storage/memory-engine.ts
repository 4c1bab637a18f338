/** The shard engine on plain maps: for tests in plain Node and as the model the SQLite engine is compared with. */
import { type Clock, systemClock } from '../base/clock.ts';
import type {
  ChangesQuery,
  ChangesResult,
  DependentObject,
  EncodedObject,
  GetResult,
  ListQuery,
  ObjectKey,
  Precondition,
  Projection,
  StoredObject,
  Transaction,
  TransactionResult,
  WriteOp,
} from './contract.ts';
import { isTooLarge, replaceRevision, withRevision } from './encoded-text.ts';
import {
  assertDistinctKeys,
  type EventPage,
  type EventQuery,
  type ListPage,
  type ProjectionPage,
  type ShardEngine,
  type ShardEvent,
} from './engine.ts';
import { PageBuilder, readRevision } from './list-page.ts';
import { compileSelection, isFiltered } from './selection.ts';

interface Row extends StoredObject {
  revisionAt: number;
  projection: Projection;
  claims: readonly string[];
}

interface LogEntry {
  event: ShardEvent;
  id: string;
  at: number;
  before: Row | undefined;
}

type Failure = Extract<TransactionResult, { ok: false }>;

/** What a transaction has done so far; undone in reverse when a later operation fails. */
interface Progress {
  revision: number;
  entries: LogEntry[];
  objects: (StoredObject | null)[];
  undo: (() => void)[];
}

const FIRST_REVISION = 1;
/** Transaction ids remembered for TX-3. */
const REMEMBERED_TRANSACTIONS = 4096;

/** Texts in the order of keys. */
const idOf = (key: { namespace: string; name: string }): string => `${key.namespace}/${key.name}`;

export class MemoryEngine implements ShardEngine {
  readonly #clock: Clock;
  readonly #resources = new Map<string, Map<string, Row>>();
  readonly #order = new Map<string, string[]>();
  readonly #claims = new Map<string, ObjectKey>();
  readonly #tracked = new Set<string>();
  readonly #applied = new Map<string, Extract<TransactionResult, { ok: true }>>();
  #log: LogEntry[] = [];
  #revision = FIRST_REVISION;
  #compacted = FIRST_REVISION;
  #trackedRevision = FIRST_REVISION;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  revision(): number {
    return this.#revision;
  }

  compacted(): number {
    return this.#compacted;
  }

  tracked(): number {
    return this.#trackedRevision;
  }

  get(key: ObjectKey): GetResult {
    const row = this.#row(key);
    return { object: row ? publicPart(row) : null, revision: this.#revision, tracked: this.#trackedRevision };
  }

  list(query: ListQuery): ListPage {
    const revisions = { current: this.#revision, compacted: this.#compacted, tracked: this.#trackedRevision };
    const revision = readRevision(query, revisions);
    if (typeof revision !== 'number') return revision;
    const rows = this.#rowsAt(query.resource, revision);
    const matches = compileSelection(query);
    const after = query.after ? idOf(query.after) : undefined;
    const page = new PageBuilder(query);
    let rest = 0;
    for (const [id, row] of rows) {
      if (after !== undefined && id <= after) continue;
      if (!matches(row.key, row.projection)) continue;
      if (page.full || !page.add(row.key, row.text)) rest++;
    }
    return page.finish({ revision, tracked: this.#trackedRevision }, () => (isFiltered(query) ? undefined : rest));
  }

  transact(transaction: Transaction): { result: TransactionResult; events: ShardEvent[] } {
    assertDistinctKeys(transaction);
    const known = this.#applied.get(transaction.id);
    if (known) return { result: { ...known, tracked: this.#trackedRevision }, events: [] };
    const progress: Progress = { revision: this.#revision + 1, entries: [], objects: [], undo: [] };
    for (const [index, op] of transaction.ops.entries()) {
      const failure = this.#apply(op, progress);
      if (!failure) continue;
      for (const undo of progress.undo.reverse()) undo();
      return { result: { ...failure, op: index, tracked: this.#trackedRevision }, events: [] };
    }
    return this.#commit(transaction, progress);
  }

  changes(query: ChangesQuery): ChangesResult {
    for (const resource of query.resources) {
      if (this.#tracked.has(resource)) continue;
      this.#tracked.add(resource);
      this.#trackedRevision = this.#revision;
    }
    const { since } = query;
    const state = { ok: true as const, revision: this.#revision, tracked: this.#trackedRevision };
    if (since === undefined) {
      const all = query.resources.flatMap((resource) =>
        [...this.#rowsAt(resource, this.#revision)].map(([, row]) => row),
      );
      return { ...state, changes: all.map(publicPart) };
    }
    if (since < this.#compacted) return { ok: false, why: 'Expired' };
    const latest = new Map<string, ShardEvent>();
    for (const { event, id } of this.#log) {
      if (event.revision <= since || !query.resources.includes(event.key.resource)) continue;
      const changed = `${event.key.resource}\0${id}`;
      latest.delete(changed);
      latest.set(changed, event);
    }
    const changes = [...latest.values()].map(({ key, revision, type, text }) => ({
      key,
      revision,
      text: type === 'DELETED' ? null : text,
    }));
    return { ...state, changes };
  }

  events(query: EventQuery): EventPage {
    const events: ShardEvent[] = [];
    let through = query.since;
    let characters = 0;
    for (const { event } of this.#log) {
      if (event.revision <= query.since) continue;
      const full = characters > query.maxCharacters || events.length >= (query.maxEvents ?? Number.POSITIVE_INFINITY);
      if (event.revision > through && full) return { events, through, more: true };
      through = event.revision;
      if (query.resources && !query.resources.includes(event.key.resource)) continue;
      events.push(event);
      characters += event.text.length;
    }
    return { events, through: Math.max(query.since, this.#revision), more: false };
  }

  dependents(owner: string): DependentObject[] {
    const found: DependentObject[] = [];
    for (const resource of this.resources().sort(compareText)) {
      const matches = compileSelection({ resource, owner });
      for (const [, { key, revision, projection }] of this.#rowsAt(resource, this.#revision)) {
        if (matches(key, projection)) found.push({ key, revision, projection });
      }
    }
    return found;
  }

  resources(): string[] {
    return [...this.#resources].filter(([, rows]) => rows.size > 0).map(([resource]) => resource);
  }

  projections(resources: readonly string[], after: ObjectKey | undefined, limit: number): ProjectionPage {
    const objects: ProjectionPage['objects'] = [];
    for (const resource of [...resources].sort(compareText)) {
      if (after && resource < after.resource) continue;
      for (const [id, row] of this.#rowsAt(resource, this.#revision)) {
        if (after?.resource === resource && id <= idOf(after)) continue;
        if (objects.length === limit) return { revision: this.#revision, objects, next: objects.at(-1)!.key };
        objects.push({ key: row.key, revision: row.revision, projection: row.projection });
      }
    }
    return { revision: this.#revision, objects };
  }

  compact(before: number, limit: number): boolean {
    let count = 0;
    while (count < this.#log.length && this.#log[count]!.at < before) count++;
    let dropped = Math.min(count, limit);
    // All events of one revision go together, or a reader at that revision would see half of it.
    while (dropped > 0 && dropped < this.#log.length && this.#revisionAt(dropped) === this.#revisionAt(dropped - 1))
      dropped++;
    if (dropped === 0) return false;
    this.#compacted = this.#revisionAt(dropped - 1);
    this.#log = this.#log.slice(dropped);
    return dropped < count;
  }

  oldestEvent(): number | undefined {
    return this.#log[0]?.at;
  }

  #revisionAt(index: number): number {
    return this.#log[index]!.event.revision;
  }

  #row(key: ObjectKey): Row | undefined {
    return this.#resources.get(key.resource)?.get(idOf(key));
  }

  #set(key: ObjectKey, row: Row | undefined): void {
    const id = idOf(key);
    const rows = this.#resources.get(key.resource) ?? new Map<string, Row>();
    this.#resources.set(key.resource, rows);
    if (rows.has(id) !== (row !== undefined)) this.#order.delete(key.resource);
    if (row) rows.set(id, row);
    else rows.delete(id);
  }

  /** Rows of a resource in key order as of `revision`: the present state with later events taken back. */
  *#rowsAt(resource: string, revision: number): Generator<[string, Row]> {
    const rows = this.#resources.get(resource) ?? new Map<string, Row>();
    if (revision >= this.#revision) {
      const order = this.#order.get(resource) ?? [...rows.keys()].sort(compareText);
      this.#order.set(resource, order);
      for (const id of order) yield [id, rows.get(id)!];
      return;
    }
    const state = new Map(rows);
    for (let i = this.#log.length - 1; i >= 0 && this.#revisionAt(i) > revision; i--) {
      const { event, id, before } = this.#log[i]!;
      if (event.key.resource !== resource) continue;
      if (before) state.set(id, before);
      else state.delete(id);
    }
    for (const id of [...state.keys()].sort(compareText)) yield [id, state.get(id)!];
  }

  #apply(op: WriteOp, progress: Progress): Omit<Failure, 'op' | 'tracked'> | undefined {
    const before = this.#row(op.key);
    const refused =
      op.type === 'create' ? (before ? refusal('AlreadyExists', before) : undefined) : unmet(op.expect, before);
    if (refused) return refused;
    if (op.type === 'check') {
      progress.objects.push(null);
      return undefined;
    }
    if (op.object && isTooLarge(op.object)) return { ok: false, why: 'TooLarge' };
    const after = op.object ? encodeRow(op.key, op.object, progress.revision) : retire(before!, progress.revision);
    const taken = this.#moveClaims(op.key, before?.claims ?? [], op.type === 'delete' ? [] : after.claims, progress);
    if (taken !== undefined) return { ok: false, why: 'ClaimTaken', claim: taken, ...this.#holder(taken) };
    this.#set(op.key, op.type === 'delete' ? undefined : after);
    progress.undo.push(() => this.#set(op.key, before));
    progress.objects.push(publicPart(after));
    const event = describe(op.type, after, before);
    progress.entries.push({ event, id: idOf(op.key), at: this.#clock.now(), before });
    return undefined;
  }

  #holder(claim: string): { current?: StoredObject } {
    const key = this.#claims.get(claim);
    const row = key && this.#row(key);
    return row ? { current: publicPart(row) } : {};
  }

  /** Releases and takes claims; answers the first one that another object holds. */
  #moveClaims(key: ObjectKey, from: readonly string[], to: readonly string[], progress: Progress): string | undefined {
    for (const claim of from) {
      if (to.includes(claim)) continue;
      this.#claims.delete(claim);
      progress.undo.push(() => this.#claims.set(claim, key));
    }
    for (const claim of to) {
      if (from.includes(claim)) continue;
      if (this.#claims.has(claim)) return claim;
      this.#claims.set(claim, key);
      progress.undo.push(() => this.#claims.delete(claim));
    }
    return undefined;
  }

  #commit(transaction: Transaction, progress: Progress): { result: TransactionResult; events: ShardEvent[] } {
    const events = progress.entries.map((entry) => entry.event);
    if (events.length > 0) {
      this.#revision = progress.revision;
      this.#log.push(...progress.entries);
      if (events.some((event) => this.#tracked.has(event.key.resource))) this.#trackedRevision = progress.revision;
    }
    const { objects } = progress;
    const result = { ok: true as const, revision: this.#revision, objects, tracked: this.#trackedRevision };
    if (events.length > 0) this.#remember(transaction.id, result);
    return { result, events };
  }

  #remember(id: string, result: Extract<TransactionResult, { ok: true }>): void {
    this.#applied.set(id, result);
    if (this.#applied.size <= REMEMBERED_TRANSACTIONS) return;
    const oldest = this.#applied.keys().next();
    if (!oldest.done) this.#applied.delete(oldest.value);
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function publicPart(row: StoredObject): StoredObject {
  return { key: row.key, revision: row.revision, text: row.text };
}

function encodeRow(key: ObjectKey, object: EncodedObject, revision: number): Row {
  const { revisionAt, projection } = object;
  return { key, revision, text: withRevision(object, revision), revisionAt, projection, claims: object.claims ?? [] };
}

/** The last state of an object that goes, at the revision of its deletion. */
function retire(row: Row, revision: number): Row {
  return { ...row, revision, text: replaceRevision(row.text, row.revisionAt, revision) };
}

function describe(type: 'create' | 'update' | 'delete', after: Row, before: Row | undefined): ShardEvent {
  const { key, revision, text, projection } = after;
  const kind = type === 'create' ? 'ADDED' : type === 'update' ? 'MODIFIED' : 'DELETED';
  if (!before) return { revision, type: kind, key, text, projection };
  const old = { text: retire(before, revision).text, projection: before.projection };
  return { revision, type: kind, key, text, projection, old };
}

function refusal(why: Failure['why'], current?: StoredObject): Omit<Failure, 'op' | 'tracked'> {
  return current ? { ok: false, why, current: publicPart(current) } : { ok: false, why };
}

/** TX-2: why a precondition does not hold. */
function unmet(expect: Precondition | undefined, row: Row | undefined): Omit<Failure, 'op' | 'tracked'> | undefined {
  if (!row) return refusal('NotFound');
  if (expect?.uid !== undefined && expect.uid !== row.projection.uid) return refusal('UidMismatch', row);
  if (expect?.revision !== undefined && expect.revision !== row.revision) return refusal('RevisionMismatch', row);
  return undefined;
}
