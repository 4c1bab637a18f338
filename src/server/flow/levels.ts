/**
 * The priority levels of one isolate: their shares of its seats, and what they lend one another. Adjusted when requests
 * come by, since nothing of an isolate runs between them. Upstream: util/flowcontrol/apf_controller.go.
 */
import type { Clock } from '../../base/clock.ts';
import { allocate } from './allocation.ts';
import type { FlowConfiguration, LevelShape } from './configuration.ts';
import { DroppedRequests } from './dropped.ts';
import { QueueSet } from './queue-set.ts';

export interface Level {
  shape: LevelShape;
  readonly set: QueueSet;
  readonly dropped: DroppedRequests;
  /** Seats by configuration, and the bounds of lending and borrowing. */
  nominal: number;
  min: number;
  max: number;
  /** The most seats one request may take; 0: no such limit. */
  maxSeats: number;
  demand: { average: number; deviation: number; highWatermark: number; smoothed: number };
  /** Gone from the configuration; stays until its requests are done. */
  quiescing: boolean;
}

/** Milliseconds between two looks at who needs how much. */
const ADJUST_MS = 10_000;
/** Weight of what was before, of upstream. */
const SMOOTHING = 0.977;
const MAX_SEATS_PERCENT = 0.15;

export class Levels {
  readonly byName = new Map<string, Level>();
  fair = 0;
  #configuration: FlowConfiguration | undefined;
  #adjustedAt: number;
  readonly #total: number;
  readonly #clock: Clock;

  /** `total`: seats of this isolate. */
  constructor(clock: Clock, total: number) {
    this.#clock = clock;
    this.#total = total;
    this.#adjustedAt = clock.now();
  }

  /** Follows the configuration and the demand; cheap when there is nothing to do. */
  update(configuration: FlowConfiguration): void {
    if (configuration !== this.#configuration) {
      this.#configuration = configuration;
      this.#digest(configuration);
    } else if (this.#clock.now() - this.#adjustedAt >= ADJUST_MS) this.#adjust();
  }

  #digest({ levels }: FlowConfiguration): void {
    const shares = [...levels.values()].reduce((sum, level) => sum + level.shares, 0);
    for (const [name, level] of this.byName) {
      level.quiescing = !levels.has(name);
      if (level.quiescing && level.set.idle) this.byName.delete(name);
    }
    for (const shape of levels.values()) {
      const known = this.byName.get(shape.name);
      const level = known ?? newLevel(shape, this.#clock);
      this.byName.set(shape.name, level);
      level.shape = shape;
      const nominal = shares === 0 ? 0 : Math.ceil((this.#total * shape.shares) / shares);
      const lendable = Math.round((nominal * shape.lendablePercent) / 100);
      level.nominal = nominal;
      level.min = nominal - lendable;
      const { borrowingPercent } = shape;
      level.max =
        nominal + (borrowingPercent === undefined ? this.#total : Math.round((nominal * borrowingPercent) / 100));
      level.maxSeats =
        shape.queues > 0
          ? Math.max(1, Math.min(Math.ceil(nominal * MAX_SEATS_PERCENT), Math.floor(nominal / shape.handSize)))
          : 0;
      if (!known) level.set.configure(shape, nominal - Math.floor(lendable / 2));
    }
    this.#adjust();
  }

  /** Lends the seats of levels that do not use them to those that could. */
  #adjust(): void {
    const now = this.#clock.now();
    this.#adjustedAt = now;
    const levels = [...this.byName.values()];
    for (const level of levels) observe(level, now);
    const total = levels.reduce((sum, { nominal }) => sum + nominal, 0);
    const lowest = (level: Level): number =>
      Math.max(level.min, Math.min(level.shape.exempt ? Infinity : level.nominal, level.demand.highWatermark));
    const limited = levels.filter(({ shape }) => !shape.exempt);
    const exempt = levels.filter(({ shape }) => shape.exempt);
    const remaining = total - exempt.reduce((sum, level) => sum + lowest(level), 0);
    const sum = (value: (level: Level) => number): number => limited.reduce((all, level) => all + value(level), 0);
    const minSum = sum(({ min }) => min);
    const lowestSum = sum(lowest);
    for (const level of exempt) level.set.configure(level.shape, lowest(level));
    const claims = limited.map((level) => {
      const lower = lowest(level);
      return { lower, upper: level.max, target: Math.max(lower, level.demand.smoothed) };
    });
    const shared = remaining > lowestSum ? allocate(total, claims) : undefined;
    this.fair = shared?.fair ?? 0;
    const part = lowestSum === minSum ? 0 : Math.max(0, (remaining - minSum) / (lowestSum - minSum));
    for (const [i, level] of limited.entries()) {
      const pressed = remaining > lowestSum ? level.set.limit : level.min + (lowest(level) - level.min) * part;
      level.set.configure(level.shape, Math.round(shared?.seats[i] ?? pressed));
    }
  }
}

function newLevel(shape: LevelShape, clock: Clock): Level {
  return {
    ...{ shape, set: new QueueSet(clock), dropped: new DroppedRequests() },
    ...{ nominal: 0, min: 0, max: 0, maxSeats: 0, quiescing: false },
    demand: { average: 0, deviation: 0, highWatermark: 0, smoothed: 0 },
  };
}

function observe({ set, demand }: Level, now: number): void {
  const { duration, average, deviation, max } = set.demand.reset(now);
  demand.highWatermark = Math.round(max);
  if (duration <= 0) return;
  demand.average = average;
  demand.deviation = deviation;
  const envelope = average + deviation;
  demand.smoothed = Math.max(envelope, SMOOTHING * demand.smoothed + (1 - SMOOTHING) * envelope);
}
