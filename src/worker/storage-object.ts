import { systemClock } from '../base/clock.ts';
import { runCompaction } from '../storage/compaction.ts';
import type {
  ChangesQuery,
  ChangesResult,
  DependentObject,
  GetResult,
  ListQuery,
  ListResult,
  ObjectKey,
  Transaction,
  TransactionResult,
} from '../storage/contract.ts';
import { joinPage } from '../storage/list-page.ts';
import { Outbox } from '../storage/outbox.ts';
import type { ShardMirror } from '../storage/shard-mirror.ts';
import { SqliteEngine } from '../storage/sqlite-engine.ts';
import { WatchHub } from '../storage/watch-hub.ts';
import { openDurableSql } from './durable-sql.ts';
import type { Env } from './env.ts';
import { ErasableObject } from './erasable-object.ts';
import { createConsoleLogger } from './log.ts';
import { createResidentServer } from './resident-server.ts';
import { openMirror } from './shard-mirrors.ts';
import { consumersOf } from './storage-consumers.ts';
import { TransactionBatch } from './transaction-batch.ts';
import { WatchSockets } from './watch-sockets.ts';

/** An answer by RPC stays well below the 32 MiB it may have, also where a character takes two bytes. */
const MAX_LIST_CHARACTERS = 8 * 1024 * 1024;
const DEFAULT_HISTORY_SECONDS = 300;
const COMPACTION_BATCH = 2000;

/** Holds the objects of one shard of one cluster; its name is `CLUSTER/SHARD`. */
export class StorageObject extends ErasableObject {
  readonly #engine: SqliteEngine;
  readonly #sockets: WatchSockets;
  readonly #mirror: ShardMirror | undefined;
  readonly #outbox: Outbox;
  readonly #batch: TransactionBatch;
  readonly #write: (request: Request) => Promise<Response>;
  readonly #historyMs: number;
  readonly #log: ReturnType<typeof createConsoleLogger>;
  #alarmAt: number | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const [cluster = '', shard = 'main'] = (ctx.id.name ?? '').split('/');
    this.#log = createConsoleLogger(systemClock, { cluster, shard, component: 'storage' });
    this.#historyMs = 1000 * (Number(env.KEDGE_COMPACTION_INTERVAL) || DEFAULT_HISTORY_SECONDS);
    const engine = new SqliteEngine(openDurableSql(ctx.storage), systemClock);
    this.#engine = engine;
    this.#mirror = openMirror(env, ctx.id.name ?? '', engine);
    const hub = new WatchHub({ engine, clock: systemClock, onDelivered: (at) => this.#sockets.delivered(at) });
    this.#sockets = new WatchSockets(ctx, hub);
    this.#outbox = new Outbox({
      ...{ engine, cursors: engine.state, clock: systemClock, consumers: consumersOf(env, cluster, shard) },
      retryAt: (at) => this.#wakeAt(at),
      onError: (consumer, error) => this.#log.warn('changes not delivered', { consumer, error: String(error) }),
    });
    this.#batch = new TransactionBatch(engine, (events) => {
      hub.publish(events);
      this.#mirror?.committed(events, () => ctx.storage.sync());
      this.#outbox.publish(events);
      if (this.#alarmAt === null) this.#wakeAt(systemClock.now() + this.#historyMs);
    });
    this.#write = createResidentServer({ env, cluster, shard, engine, batch: this.#batch });
    ctx.blockConcurrencyWhile(async () => {
      this.#alarmAt = await ctx.storage.getAlarm();
    });
    this.#sockets.restore();
    this.#outbox.run();
  }

  async get(key: ObjectKey): Promise<GetResult> {
    return this.#mirror?.ask(key) ?? this.#engine.get(key);
  }

  /** May stop a page earlier than asked, with `next` set, so that the answer fits a call. */
  async list(query: ListQuery): Promise<ListResult> {
    const maxCharacters = Math.min(query.maxCharacters ?? MAX_LIST_CHARACTERS, MAX_LIST_CHARACTERS);
    return joinPage(this.#engine.list({ ...query, maxCharacters }));
  }

  async transact(transaction: Transaction): Promise<TransactionResult> {
    return this.#batch.submit(transaction);
  }

  async changes(query: ChangesQuery): Promise<ChangesResult> {
    return this.#engine.changes(query);
  }

  async dependents(owner: string): Promise<DependentObject[]> {
    return this.#engine.dependents(owner);
  }

  async revision(): Promise<number> {
    return this.#engine.revision();
  }

  /** A private value of the cluster, or null; never reachable through the API. */
  async secret(name: string): Promise<string | null> {
    return this.#engine.state.read(`secret/${name}`) ?? null;
  }

  /** Stores a private value unless there is one already; answers the value that won. */
  async putSecretOnce(name: string, value: string): Promise<string> {
    const stored = this.#engine.state.read(`secret/${name}`);
    if (stored !== undefined) return stored;
    this.#engine.state.write(`secret/${name}`, value);
    return value;
  }

  /** The watchdog: consumers that are behind are tried again. */
  async poke(): Promise<void> {
    this.#outbox.run();
  }

  /** A watch of the Worker's own making, or a write that a client sent: only those are passed on with their headers. */
  override async fetch(request: Request): Promise<Response> {
    return request.method === 'GET' ? this.#sockets.upgrade(request) : this.#write(request);
  }

  override async alarm(): Promise<void> {
    this.#alarmAt = null;
    const onError = (error: unknown) => this.#log.error('compaction failed', { error: String(error) });
    const bounds = { historyMs: this.#historyMs, limit: COMPACTION_BATCH };
    const next = runCompaction(this.#engine, { ...bounds, now: systemClock.now(), onError });
    if (next !== undefined) this.#wakeAt(next);
    this.#outbox.run();
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    this.#sockets.message(socket, message);
  }

  override webSocketClose(socket: WebSocket): void {
    this.#sockets.closed(socket);
  }

  override webSocketError(socket: WebSocket): void {
    this.#sockets.closed(socket);
  }

  #wakeAt(at: number): void {
    if (this.#alarmAt !== null && this.#alarmAt <= at) return;
    this.#alarmAt = at;
    void this.ctx.storage.setAlarm(at);
  }
}
