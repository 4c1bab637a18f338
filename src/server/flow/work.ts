/** How many seats a request takes. Upstream: util/flowcontrol/request. */
import type { RequestInfo } from '../request-info.ts';
import type { Work } from './queue.ts';
import type { WatchCounts } from './watch-counts.ts';

export interface ResourceSize {
  /** Objects of the resource. */
  count: number;
  /** Characters of all of them. */
  characters: number;
}

export interface WorkInput {
  info: RequestInfo;
  query: URLSearchParams;
  /** Seats that the priority level lets one request have; 0 when it says nothing. */
  maxSeats: number;
  /** Seats of the priority level at this time. */
  limit: number;
  /** Bytes of the body. */
  bodyBytes: number;
  /** Whether the answer shows objects in another form than that they are stored in, so that each is looked into. */
  transforms: boolean;
  deadline: number;
}

/**
 * Bodies and answers beyond this keep the thread that serves everybody busy for long enough to be felt. One of them runs
 * at a time in a priority level, and leaves a pause behind it in which others go on.
 */
const LARGE = 64 * 1024;
/** Length of the pause: for each such amount, at least and at most. */
const PAUSE_MS = 2;
const MIN_PAUSE_MS = 10;
const MAX_PAUSE_MS = 50;

const MAX_LIST_SEATS = 100;
const MAX_WRITE_SEATS = 10;
const CHARACTERS_PER_SEAT = 100_000;
/** A list that is answered from what the server has at hand never holds more than this at a time. */
const MAX_STREAMED_CHARACTERS = 1_000_000;
const WATCHES_PER_SEAT = 10;
/** Milliseconds that an event keeps its watchers' seats. */
const EVENT_MS = 5;
const MAX_SIZES = 4_096;
/** Characters of a list from which on transforming it takes long. */
const LARGE_ANSWER = 400_000;

/** Estimates by what this isolate has seen: sizes of lists, and watches. */
export class WorkEstimator {
  readonly #sizes = new Map<string, ResourceSize>();
  readonly #watches: WatchCounts;

  constructor(watches: WatchCounts) {
    this.#watches = watches;
  }

  /** Remembers what a whole list of a resource had. */
  observe(info: RequestInfo, size: ResourceSize): void {
    if (this.#sizes.size >= MAX_SIZES) this.#sizes.clear();
    this.#sizes.set(`${info.group}/${info.resource}`, size);
  }

  estimate(input: WorkInput): Work {
    const { verb } = input.info;
    if (input.bodyBytes > LARGE) return alone(input, input.bodyBytes);
    if (verb === 'list') return this.#list(input);
    if (verb === 'watch') return seats(startsWithList(input.query) ? this.#listSeats(input) : 1, input.deadline);
    if (verb === 'create' || verb === 'update' || verb === 'patch' || verb === 'delete') return this.#write(input);
    return seats(1, input.deadline);
  }

  #list(input: WorkInput): Work {
    const count = this.#listSeats(input);
    const isLarge = input.transforms && count * CHARACTERS_PER_SEAT > LARGE_ANSWER;
    return isLarge ? alone(input, count * CHARACTERS_PER_SEAT) : seats(count, input.deadline);
  }

  #listSeats({ info, query, maxSeats }: WorkInput): number {
    const size = this.#sizes.get(`${info.group}/${info.resource}`);
    if (!size || size.count === 0) return 1;
    const limit = Number(query.get('limit')) || size.count;
    const loaded = info.name === '' ? Math.min(limit, size.count) : 1;
    const selects = query.has('labelSelector') || query.has('fieldSelector');
    const atOnce = selects && info.name === '' ? Math.max(loaded, size.count / 2) : loaded;
    const characters = atOnce * (size.characters / size.count);
    const streamed = info.verb === 'watch' || query.get('resourceVersion') === '0';
    const held = streamed ? Math.min(characters, MAX_STREAMED_CHARACTERS) : characters;
    const most = maxSeats === 0 ? MAX_LIST_SEATS : Math.min(maxSeats, MAX_LIST_SEATS);
    return Math.max(1, Math.min(most, Math.ceil(held / CHARACTERS_PER_SEAT)));
  }

  #write({ info, maxSeats, deadline }: WorkInput): Work {
    const quiet = info.resource === 'serviceaccounts' && info.subresource === 'token';
    const watches = quiet ? 0 : this.#watches.interested(info);
    if (watches < WATCHES_PER_SEAT) return seats(1, deadline);
    const wanted = Math.ceil(watches / WATCHES_PER_SEAT);
    const finalSeats = Math.min(wanted, maxSeats === 0 ? MAX_WRITE_SEATS : Math.min(maxSeats, MAX_WRITE_SEATS));
    // Narrower and longer, the work is the same.
    const lingerMs = (wanted * EVENT_MS) / finalSeats;
    return { seats: Math.max(1, finalSeats), initialSeats: 1, finalSeats, lingerMs, deadline };
  }
}

const seats = (count: number, deadline: number): Work => ({
  ...{ seats: count, initialSeats: count, finalSeats: 0, lingerMs: 0, deadline },
});

/** More than half of the seats, so that no other of the kind runs, and requests of one seat do. */
function alone({ limit, deadline }: WorkInput, size: number): Work {
  const count = Math.max(1, Math.floor(limit / 2) + 1);
  const lingerMs = Math.max(MIN_PAUSE_MS, Math.min(MAX_PAUSE_MS, Math.ceil(size / LARGE) * PAUSE_MS));
  return { seats: count, initialSeats: count, finalSeats: count, lingerMs, pauses: true, deadline };
}

/** A watch that asks for the present state first costs what a list does. */
function startsWithList(query: URLSearchParams): boolean {
  const version = query.get('resourceVersion') ?? '';
  return query.get('sendInitialEvents') === 'true' || version === '' || version === '0';
}
