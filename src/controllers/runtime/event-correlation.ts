/** What decides whether two events are the same, similar, or of the same origin. */
export interface EventIdentity {
  /** The object an event is about. */
  about: string;
  type: string;
  reason: string;
  message: string;
}

/** An event that was written, as far as a repetition needs it. */
export interface SeenEvent {
  name: string;
  count: number;
  firstTimestamp: string;
}

export type Correlation =
  | { do: 'drop' }
  | { do: 'create'; id: string; message: string }
  | { do: 'count'; id: string; message: string; seen: SeenEvent };

/** Different messages of one reason about one object, within the window, before they are combined. */
const MAX_SIMILAR = 10;
const SIMILAR_WINDOW = 600_000;
/** Events about one object: this many at once, then one per refill. */
const SPAM_BURST = 25;
const SPAM_REFILL = 300_000;
const MAX_ENTRIES = 4096;

/**
 * Decides for each event whether it is written anew, counted onto an earlier one, combined with similar ones or
 * dropped. Memory is bounded; what is forgotten only means that an event is written anew.
 * Upstream: client-go/tools/record.EventCorrelator.
 */
export class EventCorrelator {
  readonly #similar = new BoundedMap<{ messages: Set<string>; last: number }>();
  readonly #seen = new BoundedMap<SeenEvent>();
  readonly #tokens = new BoundedMap<{ tokens: number; at: number }>();

  correlate(event: EventIdentity, now: number): Correlation {
    const group = `${event.about}\n${event.type}\n${event.reason}`;
    let id = `${group}\n${event.message}`;
    let { message } = event;
    if (this.#isCombined(group, message, now)) {
      id = group;
      message = `(combined from similar events): ${message}`;
    }
    if (!this.#takeToken(event.about, now)) return { do: 'drop' };
    const seen = this.#seen.get(id);
    return seen === undefined ? { do: 'create', id, message } : { do: 'count', id, message, seen };
  }

  /** Remembers what was written under the id of a correlation. */
  written(id: string, event: SeenEvent): void {
    this.#seen.set(id, event);
  }

  #isCombined(group: string, message: string, now: number): boolean {
    let similar = this.#similar.get(group);
    if (similar === undefined || now - similar.last > SIMILAR_WINDOW) similar = { messages: new Set(), last: now };
    similar.last = now;
    this.#similar.set(group, similar);
    if (similar.messages.size < MAX_SIMILAR) similar.messages.add(message);
    return similar.messages.size >= MAX_SIMILAR;
  }

  #takeToken(about: string, now: number): boolean {
    const bucket = this.#tokens.get(about) ?? { tokens: SPAM_BURST, at: now };
    const tokens = Math.min(SPAM_BURST, bucket.tokens + (now - bucket.at) / SPAM_REFILL);
    const taken = tokens >= 1;
    this.#tokens.set(about, { tokens: taken ? tokens - 1 : tokens, at: now });
    return taken;
  }
}

/** A map that forgets what was set longest ago. */
class BoundedMap<V> {
  readonly #entries = new Map<string, V>();

  get(key: string): V | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= MAX_ENTRIES) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }
}
