/** The last events of a shard in memory, as a watch hub reads its log. */
import type { EventPage, EventQuery, ShardEvent } from './engine.ts';
import type { WatchLog } from './watch-hub.ts';

/** Characters of the events that are kept. */
const MAX_CHARACTERS = 4 * 1024 * 1024;

export class RecentEvents implements WatchLog {
  #events: ShardEvent[] = [];
  #characters = 0;
  #revision: number;
  /** All events after this revision are here. */
  #from: number;

  /** `revision` is that of the shard now. */
  constructor(revision: number) {
    this.#revision = revision;
    this.#from = revision;
  }

  revision(): number {
    return this.#revision;
  }

  compacted(): number {
    return this.#from;
  }

  push(events: readonly ShardEvent[]): void {
    for (const event of events) {
      this.#events.push(event);
      this.#characters += sizeOf(event);
      this.#revision = event.revision;
    }
    if (this.#characters > MAX_CHARACTERS) this.#trim();
  }

  events({ since, maxCharacters, resources }: EventQuery): EventPage {
    const found: ShardEvent[] = [];
    let characters = 0;
    let through = this.#revision;
    let more = false;
    for (let i = this.#after(since); i < this.#events.length; i++) {
      const event = this.#events[i]!;
      if (characters > maxCharacters && event.revision > through) {
        more = true;
        break;
      }
      if (resources && !resources.includes(event.key.resource)) continue;
      found.push(event);
      characters += event.text.length;
      if (characters > maxCharacters) through = event.revision;
    }
    return { events: found, through, more };
  }

  /** Only watches from a revision are served from memory. */
  list(): never {
    throw new Error('a log of events lists no objects');
  }

  /** Index of the first event after `revision`. */
  #after(revision: number): number {
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#events[middle]!.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Lets the older half go, and never a part of one revision. */
  #trim(): void {
    let kept = 0;
    let first = this.#events.length;
    while (first > 0 && kept <= MAX_CHARACTERS / 2) kept += sizeOf(this.#events[--first]!);
    const cut = this.#events[first]!.revision;
    this.#events = this.#events.slice(this.#after(cut));
    this.#from = cut;
    this.#characters = this.#events.reduce((sum, event) => sum + sizeOf(event), 0);
  }
}

const sizeOf = ({ text, old }: ShardEvent): number => text.length + (old?.text.length ?? 0);
