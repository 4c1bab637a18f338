/**
 * What a shard shows of itself to code that shares its memory: objects that were read or written lately, and its last
 * events. Reads and watches that it can serve need no call of the shard. Everything in it is durable: what a commit
 * changes is taken out in the turn of the commit and comes back once it is safe, so that no reader sees a state that
 * a crash could take back (WATCH-4), or an older one than was acknowledged to anybody.
 *
 * It is right only where no other process can write to the shard.
 */
import type { Clock } from '../base/clock.ts';
import type { GetResult, ObjectKey, StoredObject, WatchQuery, WatchStream } from './contract.ts';
import { DeliveryPace } from './delivery-pace.ts';
import type { ShardEngine, ShardEvent } from './engine.ts';
import { MirrorWatch } from './mirror-watch.ts';
import { RecentEvents } from './recent-events.ts';
import { type Subscription, WatchHub } from './watch-hub.ts';

/** Characters of the objects that are kept. */
const MAX_CHARACTERS = 8 * 1024 * 1024;
const ADMIT_EVERY = 8;

export class ShardMirror {
  readonly #clock: Clock;
  readonly #objects = new Map<string, StoredObject>();
  readonly #recent: RecentEvents;
  readonly #hub: WatchHub;
  readonly #watches = new Map<MirrorWatch, Subscription>();
  #engine: ShardEngine;
  #characters = 0;
  #passedBy = 0;
  /** Revision of the last write to each object whose write is not known to be durable. */
  readonly #unsafe = new Map<string, number>();
  #committed: ShardEvent[] = [];
  #settling = false;
  #closed = false;
  readonly #pace: DeliveryPace<MirrorWatch>;

  /** `engine` holds nothing yet that is not durable. */
  constructor(engine: ShardEngine, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
    this.#recent = new RecentEvents(engine.revision());
    this.#pace = new DeliveryPace({
      clock,
      deliver: () => this.#hub.deliver(),
      cutOff: (watch) => this.#cutOff(watch),
    });
    this.#hub = new WatchHub({ engine: this.#recent, clock, schedule: () => this.#pace.schedule() });
  }

  /**
   * Goes on with the engine of a shard that was opened again; false where this mirror missed something, or waits for
   * a commit of the former one.
   */
  adopt(engine: ShardEngine): boolean {
    if (this.#closed || this.#unsafe.size > 0 || engine.revision() !== this.#recent.revision()) return false;
    this.#engine = engine;
    return true;
  }

  /** The answer of the shard, where it is known here. */
  get(key: ObjectKey): GetResult | undefined {
    const id = idOf(key);
    const object = this.#objects.get(id);
    if (!object) return undefined;
    // The map is in order of use.
    this.#objects.delete(id);
    this.#objects.set(id, object);
    return { object, revision: this.#engine.revision(), tracked: this.#engine.tracked() };
  }

  /** Asks the engine, and keeps what it answers. */
  ask(key: ObjectKey): GetResult {
    const result = this.#engine.get(key);
    const id = idOf(key);
    if (result.object && !this.#closed && !this.#unsafe.has(id) && this.#admits(result.object)) {
      this.#put(id, result.object);
    }
    return result;
  }

  /** Hands in the events of one commit, in its turn; `durable` resolves when everything committed so far is. */
  committed(events: readonly ShardEvent[], durable: () => Promise<void>): void {
    if (this.#closed) return;
    for (const event of events) {
      const id = idOf(event.key);
      this.#drop(id);
      this.#unsafe.set(id, event.revision);
      this.#committed.push(event);
    }
    if (!this.#settling) void this.#settle(durable);
  }

  /** A watch from a revision whose later events are all here; undefined where the shard has to be asked. */
  watch(query: WatchQuery): WatchStream | undefined {
    const { since } = query;
    if (this.#closed || since === undefined || query.initialEvents === true) return undefined;
    if (since < Math.max(this.#recent.compacted(), this.#engine.compacted())) return undefined;
    const watch = new MirrorWatch({
      clock: this.#clock,
      bookmarks: query.bookmarks,
      onBusy: () => this.#pace.busy(watch),
      onTaken: (characters) => this.#taken(watch, characters),
      onBookmark: () => this.#bookmark(watch),
      onStop: () => this.#stop(watch),
    });
    const sink = { send: (frame: string) => watch.send(frame), close: (why: string) => watch.end(why) };
    this.#watches.set(watch, this.#hub.open(query, sink));
    return watch;
  }

  /** Ends all watches; their clients come back and resume. */
  close(why: string): void {
    this.#closed = true;
    this.#objects.clear();
    for (const [watch, subscription] of this.#watches) {
      this.#hub.close(subscription);
      watch.end(why);
    }
    this.#watches.clear();
  }

  async #settle(durable: () => Promise<void>): Promise<void> {
    this.#settling = true;
    try {
      while (this.#committed.length > 0) {
        const events = this.#committed;
        this.#committed = [];
        await durable();
        this.#publish(events);
      }
    } catch {
      this.close('the shard lost a write');
    }
    this.#settling = false;
  }

  #publish(events: readonly ShardEvent[]): void {
    if (this.#closed) return;
    for (const { key, revision, type, text } of events) {
      const id = idOf(key);
      if (this.#unsafe.get(id) !== revision) continue;
      this.#unsafe.delete(id);
      if (type !== 'DELETED') this.#put(id, { key, revision, text });
    }
    this.#recent.push(events);
    this.#hub.publish(events);
  }

  /** Once it is full, few of the objects that are read get in: a walk over more than it holds leaves most of it alone. */
  #admits(object: StoredObject): boolean {
    if (this.#characters + object.text.length <= MAX_CHARACTERS) return true;
    this.#passedBy = (this.#passedBy + 1) % ADMIT_EVERY;
    return this.#passedBy === 0;
  }

  #put(id: string, object: StoredObject): void {
    this.#drop(id);
    this.#objects.set(id, object);
    this.#characters += object.text.length;
    for (const oldest of this.#objects.keys()) {
      if (this.#characters <= MAX_CHARACTERS) return;
      this.#drop(oldest);
    }
  }

  #drop(id: string): void {
    const object = this.#objects.get(id);
    if (!object) return;
    this.#characters -= object.text.length;
    this.#objects.delete(id);
  }

  #taken(watch: MirrorWatch, characters: number): void {
    const subscription = this.#watches.get(watch);
    if (subscription) this.#hub.acknowledge(subscription, characters);
    this.#pace.taken(watch);
  }

  #bookmark(watch: MirrorWatch): void {
    const subscription = this.#watches.get(watch);
    if (subscription) this.#hub.bookmark([subscription]);
  }

  #cutOff(watch: MirrorWatch): void {
    watch.end('the watcher is too slow');
    this.#stop(watch);
  }

  #stop(watch: MirrorWatch): void {
    const subscription = this.#watches.get(watch);
    this.#watches.delete(watch);
    this.#pace.taken(watch);
    if (subscription) this.#hub.close(subscription);
  }
}

const idOf = ({ resource, namespace, name }: ObjectKey): string => `${resource}\0${namespace}\0${name}`;
