/** API priority and fairness for one isolate. Upstream: server/filters/priority-and-fairness.go, util/flowcontrol. */
import type { Clock } from '../../base/clock.ts';
import type { ConfigSnapshot } from '../contract.ts';
import { type Classification, flowConfiguration } from './configuration.ts';
import type { FlowControl, FlowMark, FlowRefused, FlowRequest, FlowSeat } from './contract.ts';
import { dump } from './dump.ts';
import { type Level, Levels } from './levels.ts';
import { createFlowMetrics, type FlowMetrics, type LevelGauges } from './metrics.ts';
import type { QueuedRequest } from './queue.ts';
import { WatchCounts } from './watch-counts.ts';
import { WorkEstimator } from './work.ts';

export interface FlowControlOptions {
  clock: Clock;
  /** Requests of all limited levels that run at a time: upstream's 400 reads and 200 writes unless given. */
  seats?: number;
  /** Shared by all servers of an isolate. */
  metrics?: FlowMetrics;
}

/** Media types whose answers are not the stored texts. */
const TRANSFORMED = /as=|yaml|protobuf/;

const SEATS = 600;
/** A quarter of upstream's request time-out. */
const WAIT_MS = 15_000;
/** How often a waiting request looks for itself, at first and at most. */
const FIRST_POLL_MS = 20;
const MAX_POLL_MS = 250;

export function createFlowControl(options: FlowControlOptions): FlowControl {
  return new IsolateFlowControl(options);
}

class IsolateFlowControl implements FlowControl {
  readonly #options: FlowControlOptions;
  readonly #levels: Levels;
  readonly #metrics: FlowMetrics;
  readonly #watches = new WatchCounts();
  readonly #work = new WorkEstimator(this.#watches);

  constructor(options: FlowControlOptions) {
    this.#options = options;
    this.#metrics = options.metrics ?? createFlowMetrics();
    this.#levels = new Levels(options.clock, options.seats ?? SEATS);
  }

  enter(request: FlowRequest, config: ConfigSnapshot): FlowSeat | Promise<FlowSeat | FlowRefused> | FlowRefused {
    const configuration = flowConfiguration(config);
    this.#levels.update(configuration);
    const found = configuration.classify(request.user, request.info);
    const level = this.#levels.byName.get(found.level.name) as Level;
    const mark: FlowMark = { schemaUid: found.schemaUid, levelUid: found.level.uid };
    const deadline = request.started + WAIT_MS;
    const { info, query } = request;
    const { limit } = level.set;
    const { headers } = request.request;
    // A body in chunks may be of any size.
    const unknown = headers.has('transfer-encoding') ? Number.POSITIVE_INFINITY : 0;
    const bodyBytes = Number(headers.get('content-length') ?? unknown);
    const transforms = info.verb === 'list' && TRANSFORMED.test(headers.get('accept') ?? '');
    const { maxSeats } = level;
    const work = this.#work.estimate({ info, query, maxSeats, limit, bodyBytes, transforms, deadline });
    const distinguisher = distinguisherOf(found, request);
    const started = level.set.start(`${found.schema}\0${distinguisher}`, work);
    if (typeof started === 'string') return this.#refuse({ found, level, mark }, started);
    started.label = { schema: found.schema, distinguisher };
    if (started.state === 'executing') {
      const seat = this.#seat({ found, level, mark, request }, started);
      // Requests that came at the same time get to their queues first, or each would run as if it were the only one.
      return work.pauses === true && !level.shape.exempt ? this.#afterOthers(seat) : seat;
    }
    return this.#wait({ found, level, mark, request }, started);
  }

  watching({ info, query }: FlowRequest): () => void {
    return this.#watches.add(info, query);
  }

  observeList(info: FlowRequest['info'], size: { count: number; characters: number }): void {
    this.#work.observe(info, size);
  }

  render(): string {
    return this.#metrics.render({ fair: this.#levels.fair, levels: [...this.#levels.byName.values()].map(gaugesOf) });
  }

  dump(name: string): string | undefined {
    return dump(name, this.#levels);
  }

  #afterOthers(seat: FlowSeat): Promise<FlowSeat> {
    return new Promise((resolve) => this.#options.clock.after(0, () => resolve(seat)));
  }

  async #wait(entry: Entry, queued: QueuedRequest): Promise<FlowSeat | FlowRefused> {
    const { clock } = this.#options;
    const { level, found } = entry;
    this.#metrics.queued(level.shape.name, found.schema, 1);
    queued.onLeft = () => this.#metrics.queued(level.shape.name, found.schema, -1);
    const { signal } = entry.request.request;
    const gone = (): void => level.set.abandon(queued);
    signal?.addEventListener('abort', gone, { once: true });
    for (let poll = FIRST_POLL_MS; queued.state === 'waiting'; poll = Math.min(MAX_POLL_MS, poll * 2)) {
      const left = queued.work.deadline - clock.now();
      if (left <= 0) level.set.abandon(queued);
      else {
        await wakeOrTimeout(queued, clock, Math.min(left, poll));
        if (queued.state === 'waiting') level.set.poll(queued);
      }
    }
    signal?.removeEventListener('abort', gone);
    const waited = (clock.now() - queued.arrivedAt) / 1_000;
    this.#metrics.waited(level.shape.name, found.schema, { execute: queued.state === 'executing', seconds: waited });
    return queued.state === 'executing' ? this.#seat(entry, queued) : this.#refuse(entry, 'time-out');
  }

  #seat({ found, level, mark, request }: Entry, running: QueuedRequest): FlowSeat {
    level.set.claim(running);
    this.#metrics.dispatched(level.shape.name, found.schema, running.work.seats);
    running.onEnded = () => {
      const seconds = (this.#options.clock.now() - running.startedAt) / 1_000;
      this.#metrics.finished(level.shape.name, found.schema, { seats: running.work.seats, seconds });
    };
    const leave = (): void => level.set.finish(running);
    // Where seats are short, those of clients that went away must not wait for the end of their lease.
    if (level.set.totals.seatsInUse * 4 > level.set.limit && !level.shape.exempt)
      request.request.signal?.addEventListener('abort', leave, { once: true });
    return { mark, leave };
  }

  #refuse({ found, level, mark }: Omit<Entry, 'request'>, why: string): FlowRefused {
    this.#metrics.rejected(level.shape.name, found.schema, why);
    return { mark, retryAfter: level.dropped.record(this.#options.clock.now()) };
  }
}

interface Entry {
  found: Classification;
  level: Level;
  mark: FlowMark;
  request: FlowRequest;
}

function gaugesOf({ shape, nominal, min, max, set, demand }: Level): LevelGauges {
  return { name: shape.name, nominal, min, max, current: set.limit, demand };
}

function distinguisherOf({ distinguisher, level }: Classification, { user, info }: FlowRequest): string {
  if (level.queues <= 1) return '';
  if (distinguisher === 'ByUser') return user.name;
  return distinguisher === 'ByNamespace' ? info.namespace : '';
}

/**
 * Another request wakes this one, or its own timer does: in a Worker the other one may be gone before it gets there,
 * and a request that waits for nothing of its own is taken for dead.
 */
function wakeOrTimeout(queued: QueuedRequest, clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, resolve);
    queued.wake = () => {
      cancel();
      resolve();
    };
  });
}
