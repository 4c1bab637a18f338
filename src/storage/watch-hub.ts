/**
 * All watches of one shard. A subscription lists the present state or reads the log until it has caught up, page by
 * page as its receiver takes them, and is live from then on: each commit is matched once per distinct selection and
 * its line is shared by all subscribers of that selection.
 */
import type { Clock } from '../base/clock.ts';
import type { WatchQuery } from './contract.ts';
import type { ShardEngine, ShardEvent } from './engine.ts';
import { compileSelection } from './selection.ts';
import { WatchGroups } from './watch-groups.ts';
import { bookmarkLine, eventLine, expiredLine, outcomeFor, outcomeLine, tooLargeLine } from './watch-lines.ts';

/** Where frames of one subscription go. */
export interface WatchSink {
  send(frame: string): void;
  close(why: string): void;
  /** Called when the phase changes, for sinks that must find it again after the object slept. */
  save?(state: SubscriptionState): void;
}

/** What is left to do for a subscription: pages of the list at a revision, the log after a revision, or nothing. */
export type Phase =
  | { name: 'list'; revision?: number; after?: { namespace: string; name: string } }
  | { name: 'log'; since: number }
  | { name: 'live'; from: number };

export interface SubscriptionState {
  query: WatchQuery;
  phase: Phase;
}

export interface Subscription extends SubscriptionState {
  sink: WatchSink;
  /** Characters sent and not acknowledged. */
  outstanding: number;
  closed: boolean;
}

/** What a hub reads of its shard. */
export type WatchLog = Pick<ShardEngine, 'revision' | 'compacted' | 'list' | 'events'>;

export interface WatchHubOptions {
  engine: WatchLog;
  clock: Clock;
  /** Decides when `deliver` is called after a commit; left out, the hub itself does. */
  schedule?: () => void;
  /** Every live subscriber has been sent all events up to `revision`. */
  onDelivered?: (revision: number) => void;
}

/** Characters of one frame while catching up. */
const PAGE_CHARACTERS = 256 * 1024;
/** A catch-up pauses above this many unacknowledged characters. */
const PAUSE_CHARACTERS = 4 * 1024 * 1024;
/** WATCH-5: a live watcher that has not acknowledged this many characters is cut off. */
export const CUT_OFF_CHARACTERS = 16 * 1024 * 1024;
/** Events wait at most until they add up to this, whatever the pace. */
const PENDING_CHARACTERS = 4 * 1024 * 1024;
/** With more subscribers than this, a commit does not pay for its own delivery. */
const INLINE_SUBSCRIBERS = 16;
/** Longest rest between two deliveries, in milliseconds. */
const MAX_REST = 50;

export class WatchHub {
  readonly #engine: WatchLog;
  readonly #clock: Clock;
  readonly #schedule: (() => void) | undefined;
  readonly #onDelivered: (revision: number) => void;
  readonly #groups = new WatchGroups<Subscription>();
  readonly #all = new Set<Subscription>();
  #pending: ShardEvent[] = [];
  #pendingCharacters = 0;
  #cancelTimer: (() => void) | undefined;
  #delivering = false;
  /** The loop has not come back from the last delivery. */
  #draining = false;
  /** When the next delivery may start, in milliseconds since the epoch. */
  #restUntil = 0;

  constructor(options: WatchHubOptions) {
    this.#engine = options.engine;
    this.#clock = options.clock;
    this.#schedule = options.schedule;
    this.#onDelivered = options.onDelivered ?? (() => {});
  }

  get size(): number {
    return this.#all.size;
  }

  subscriptions(): Iterable<Subscription> {
    return this.#all;
  }

  /** Starts a watch: what can be sent at once is sent before this returns, and no later commit is missed. */
  open(query: WatchQuery, sink: WatchSink): Subscription {
    const present = query.initialEvents === true || query.since === undefined;
    const phase: Phase = present ? { name: 'list' } : { name: 'log', since: query.since! };
    const subscription: Subscription = { query, phase, sink, outstanding: 0, closed: false };
    const current = this.#engine.revision();
    if (present && query.since !== undefined && query.since > current) {
      subscription.closed = true;
      sink.send(tooLargeLine(query.since, current));
      sink.close('Timeout');
      return subscription;
    }
    this.#all.add(subscription);
    this.#advance(subscription);
    return subscription;
  }

  /** Takes up a subscription again that was saved before the object slept. */
  resume(state: SubscriptionState, sink: WatchSink): Subscription {
    const subscription: Subscription = { ...state, sink, outstanding: 0, closed: false };
    this.#all.add(subscription);
    if (state.phase.name === 'live') this.#goLive(subscription, state.phase.from);
    else this.#advance(subscription);
    return subscription;
  }

  /** The receiver has taken `characters`; a paused catch-up goes on. */
  acknowledge(subscription: Subscription, characters: number): void {
    subscription.outstanding = Math.max(0, subscription.outstanding - characters);
    if (subscription.phase.name !== 'live') this.#advance(subscription);
  }

  close(subscription: Subscription): void {
    subscription.closed = true;
    this.#all.delete(subscription);
    this.#groups.remove(subscription);
  }

  /** Hands in the events of one commit, in order. */
  publish(events: readonly ShardEvent[]): void {
    if (this.#groups.size === 0) return;
    for (const event of events) {
      this.#pending.push(event);
      this.#pendingCharacters += event.text.length;
    }
    if (this.#schedule) {
      if (this.#pendingCharacters > PENDING_CHARACTERS) this.deliver();
      else this.#schedule();
    } else if (this.#delivering || this.#draining || this.#cancelTimer) {
      if (this.#pendingCharacters > PENDING_CHARACTERS) this.deliver();
    } else if (this.#groups.size <= INLINE_SUBSCRIBERS) this.deliver();
    else this.#deliverLater();
  }

  /** Sends everything that is pending to all live subscribers. */
  deliver(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      while (this.#pending.length > 0) this.#deliverBatch();
    } finally {
      this.#delivering = false;
    }
    if (!this.#schedule && this.#groups.size > INLINE_SUBSCRIBERS && !this.#draining) this.#measure();
    this.#onDelivered(this.#engine.revision());
  }

  #deliverLater(): void {
    this.#cancelTimer = this.#clock.after(Math.max(0, this.#restUntil - this.#clock.now()), () => this.deliver());
  }

  /**
   * Many subscribers keep the loop busy after their frames were handed over. Writes get as much time as that took
   * before the next delivery, so events share frames when there is more to deliver than the machine can.
   */
  #measure(): void {
    const started = this.#clock.now();
    this.#draining = true;
    this.#clock.after(0, () => {
      this.#draining = false;
      const now = this.#clock.now();
      this.#restUntil = now + Math.min(MAX_REST, now - started);
      if (this.#pending.length > 0 && !this.#cancelTimer) this.#deliverLater();
    });
  }

  /** WATCH-2: a bookmark for every live subscriber that asked, or one of them, after everything that is pending. */
  bookmark(subscriptions: Iterable<Subscription> = this.#all): void {
    this.deliver();
    const revision = this.#engine.revision();
    for (const subscription of subscriptions) {
      if (!subscription.query.bookmarks || subscription.phase.name !== 'live') continue;
      if (subscription.phase.from > revision) continue;
      this.#send(subscription, bookmarkLine(subscription.query, revision));
    }
  }

  #deliverBatch(): void {
    const events = this.#pending;
    this.#pending = [];
    this.#pendingCharacters = 0;
    for (const [group, frame] of this.#groups.frames(events)) {
      for (const subscription of group.members) this.#send(subscription, frame);
    }
  }

  #send(subscription: Subscription, frame: string): void {
    if (subscription.closed) return;
    subscription.outstanding += frame.length;
    if (subscription.outstanding > CUT_OFF_CHARACTERS) this.#end(subscription, 'the watcher is too slow');
    else subscription.sink.send(frame);
  }

  #end(subscription: Subscription, why: string): void {
    this.close(subscription);
    subscription.sink.close(why);
  }

  #advance(subscription: Subscription): void {
    // Whoever is live gets its events first, so that the step to live below needs no second look at the log.
    if (this.#pending.length > 0) this.deliver();
    const started = subscription.phase;
    while (!subscription.closed && subscription.outstanding < PAUSE_CHARACTERS) {
      const { phase } = subscription;
      if (phase.name === 'live') break;
      if (phase.name === 'list') this.#sendListPage(subscription, phase);
      else this.#sendLogPage(subscription, phase.since);
    }
    if (subscription.closed || subscription.phase === started) return;
    subscription.sink.save?.({ query: subscription.query, phase: subscription.phase });
    if (subscription.phase.name === 'live') this.#onDelivered(this.#engine.revision());
  }

  #sendListPage(subscription: Subscription, phase: Extract<Phase, { name: 'list' }>): void {
    const { query } = subscription;
    const { resource, namespace, labels, fields, owner } = query;
    const page = this.#engine.list({
      ...{ resource, namespace, labels, fields, owner, maxCharacters: PAGE_CHARACTERS },
      ...(phase.after ? { after: phase.after, revision: phase.revision } : {}),
    });
    if (!page.ok) {
      this.#expire(subscription, phase.revision ?? 0);
      return;
    }
    if (page.count > 0) this.#send(subscription, page.texts.map((text) => eventLine('ADDED', text)).join(''));
    if (page.next) {
      subscription.phase = { name: 'list', revision: page.revision, after: page.next };
      return;
    }
    if (query.initialEvents && query.bookmarks) this.#send(subscription, bookmarkLine(query, page.revision, true));
    subscription.phase = { name: 'log', since: page.revision };
  }

  #sendLogPage(subscription: Subscription, since: number): void {
    if (since < this.#engine.compacted()) {
      this.#expire(subscription, since);
      return;
    }
    if (since >= this.#engine.revision()) {
      this.#goLive(subscription, since);
      return;
    }
    const { resource } = subscription.query;
    const page = this.#engine.events({ since, maxCharacters: PAGE_CHARACTERS, resources: [resource] });
    const matches = compileSelection(subscription.query);
    let frame = '';
    for (const event of page.events) {
      const outcome = outcomeFor(event, matches);
      if (outcome !== undefined) frame += outcomeLine(event, outcome);
    }
    if (frame !== '') this.#send(subscription, frame);
    subscription.phase = { name: 'log', since: page.through };
  }

  #goLive(subscription: Subscription, from: number): void {
    subscription.phase = { name: 'live', from };
    // A start in the future joins nobody's group: it must not see events that others see (WATCH-3).
    this.#groups.add(subscription, from > this.#engine.revision() ? from : 0);
  }

  #expire(subscription: Subscription, since: number): void {
    this.#send(subscription, expiredLine(since, this.#engine.compacted()));
    this.#end(subscription, 'Expired');
  }
}
