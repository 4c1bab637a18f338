/**
 * The fair queues of one priority level: which requests run now, which wait, and who is next. Upstream:
 * util/flowcontrol/fairqueuing/queueset, whose doc.go explains the virtual time R (in seat-seconds a queue was given).
 *
 * Nothing here relies on the end of a request being told or on a timer: a request of a Worker can vanish between two of
 * its steps. A seat is a lease, waiting entries have a deadline, and every call first settles what time has settled.
 */
import type { Clock } from '../../base/clock.ts';
import { dealHand } from './dealer.ts';
import { Integrator } from './integrator.ts';
import { newQueue, type Queue, QueuedRequest, type Work } from './queue.ts';

export interface QueueSetShape {
  /** 0: requests that find no seat are refused. Negative: there is no limit. */
  queues: number;
  queueLength: number;
  handSize: number;
}

export type Refusal = 'concurrency-limit' | 'queue-full' | 'time-out';

/** How long a request is expected to take before anything is known of it, in seconds. */
const ESTIMATED_SERVICE = 0.003;
/** A request that ran so long is over or gone: upstream ends all but long ones after a minute. */
const LEASE_MS = 60_000;
/** A waiting request takes its seat at once when it is its turn, unless its client has gone. */
const CLAIM_MS = 2_000;
/** A waiting request that gave no sign of life for so long is gone: its client went away, and it with it. */
const SILENT_MS = 3_000;
/** How often a full set looks for seats that were left behind. */
const SWEEP_MS = 200;
const MAX_HANDS = 4_096;

export class QueueSet {
  readonly demand: Integrator;
  limit = 0;
  readonly totals = { waiting: 0, executing: 0, seatsInUse: 0, seatsWaiting: 0, dispatched: 0, rejected: 0 };
  readonly executing = new Set<QueuedRequest>();
  queues: Queue[] = [];
  #shape: QueueSetShape = { queues: 0, queueLength: 0, handSize: 0 };
  /** Those in which something waits. */
  readonly #waiting = new Set<Queue>();
  #hands = new Map<string, number[]>();
  #virtual = 0;
  #syncedAt: number;
  #active = 0;
  #robin = 0;
  #enqueued = 0;
  #sweptAt = 0;
  #lingering: { until: number; request: QueuedRequest }[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#syncedAt = clock.now();
    this.demand = new Integrator(this.#syncedAt);
  }

  get shape(): QueueSetShape {
    return this.#shape;
  }

  get idle(): boolean {
    return this.totals.waiting === 0 && this.totals.executing === 0;
  }

  /** Changes shape and limit; queues beyond a smaller number are used no more, and emptied. */
  configure(shape: QueueSetShape, limit: number): void {
    this.#sync();
    if (shape.queues !== this.#shape.queues || shape.handSize !== this.#shape.handSize) this.#hands.clear();
    while (this.queues.length < shape.queues) this.queues.push(newQueue(this.queues.length));
    this.#shape = shape;
    this.limit = limit;
    this.#dispatchAll();
  }

  /** Starts a request of a flow, or lets it wait; a refusal says why. The request tells by its `state` which it is. */
  start(flow: string, work: Work): QueuedRequest | Refusal {
    const now = this.#sync();
    if (this.#shape.queues <= 0) return this.#startUnqueued(work, now);
    if (this.totals.seatsInUse >= this.limit) this.#sweep(now);
    const queue = this.#choose(flow);
    if (this.totals.seatsInUse >= this.limit && queue.waiting.size >= this.#shape.queueLength) {
      this.totals.rejected++;
      return 'queue-full';
    }
    const request = new QueuedRequest(work, { queue, arrivedAt: now, arrivalR: this.#virtual });
    this.#enqueue(request);
    this.#dispatchAll();
    return request;
  }

  /** The request has its seat now: it goes on from here, or has gone on. */
  claim(request: QueuedRequest): void {
    if (request.state === 'executing') request.leaseUntil = this.#clock.now() + LEASE_MS;
  }

  /** Gives up waiting. */
  abandon(request: QueuedRequest): void {
    this.#sync();
    if (request.state === 'waiting') this.#removeWaiting(request);
  }

  /** What a waiting request does now and then: it shows that it lives, and looks in case nobody else comes by. */
  poll(request?: QueuedRequest): void {
    const now = this.#sync();
    if (request) request.seenAt = now;
    this.#sweep(now);
    this.#dispatchAll();
  }

  /** Ends the execution of a request; safe to repeat. */
  finish(request: QueuedRequest): void {
    const now = this.#sync();
    this.#end(request, now);
    this.#dispatchAll();
  }

  #startUnqueued(work: Work, now: number): QueuedRequest | Refusal {
    if (!this.#accommodates(work.seats)) this.#sweep(now);
    if (!this.#accommodates(work.seats)) {
      this.totals.rejected++;
      return 'concurrency-limit';
    }
    const request = new QueuedRequest(work, { queue: undefined, arrivedAt: now, arrivalR: this.#virtual });
    this.#execute(request, now);
    request.leaseUntil = now + LEASE_MS;
    return request;
  }

  /** Brings virtual time and lingering seats up to date; the result is the time. */
  #sync(): number {
    const now = this.#clock.now();
    const passed = now - this.#syncedAt;
    if (passed > 0) {
      this.#syncedAt = now;
      if (this.#active > 0) {
        const { seatsInUse, seatsWaiting } = this.totals;
        this.#virtual += (Math.min(seatsInUse + seatsWaiting, this.limit) / this.#active) * (passed / 1_000);
      }
      if (this.#lingering.length > 0) this.#releaseLingering(now);
    }
    return now;
  }

  #releaseLingering(now: number): void {
    const over = this.#lingering.filter(({ until }) => until <= now);
    if (over.length === 0) return;
    this.#lingering = this.#lingering.filter(({ until }) => until > now);
    for (const { request } of over) this.#releaseSeats(request, now);
  }

  /** The queue with the least waiting work among those of the flow's hand. */
  #choose(flow: string): Queue {
    let hand = this.#hands.get(flow);
    if (!hand) {
      hand = dealHand(flow, this.#shape.queues, this.#shape.handSize);
      if (this.#hands.size >= MAX_HANDS) this.#hands.clear();
      this.#hands.set(flow, hand);
    }
    // Flows whose hands overlap must not always try the same queue first.
    const offset = this.#enqueued++ % hand.length;
    let best: Queue | undefined;
    for (let i = 0; i < hand.length; i++) {
      const queue = this.queues[hand[(offset + i) % hand.length] as number] as Queue;
      if (!best || queue.workWaiting < best.workWaiting) best = queue;
    }
    return best as Queue;
  }

  #enqueue(request: QueuedRequest): void {
    const queue = request.queue as Queue;
    if (queue.waiting.size === 0 && queue.executing === 0) {
      queue.nextDispatchR = this.#virtual;
      this.#active++;
    }
    queue.waiting.add(request);
    this.#waiting.add(queue);
    queue.workWaiting += totalWork(request.work);
    this.totals.waiting++;
    this.totals.seatsWaiting += request.work.seats;
    this.#noteDemand();
    bound(queue);
  }

  #removeWaiting(request: QueuedRequest): void {
    const queue = request.queue as Queue;
    this.#dequeue(request);
    request.state = 'abandoned';
    this.totals.rejected++;
    if (queue.waiting.size === 0 && queue.executing === 0) this.#active--;
    bound(queue);
    this.#noteDemand();
  }

  #dequeue(request: QueuedRequest): void {
    const queue = request.queue as Queue;
    queue.waiting.delete(request);
    if (queue.waiting.size === 0) this.#waiting.delete(queue);
    queue.workWaiting = queue.waiting.size === 0 ? 0 : queue.workWaiting - totalWork(request.work);
    this.totals.waiting--;
    this.totals.seatsWaiting -= request.work.seats;
    request.onLeft();
  }

  #dispatchAll(): void {
    while (this.totals.waiting > 0 && this.totals.seatsInUse < this.limit && this.#dispatch());
  }

  /**
   * Takes the queue whose oldest request would be done first in virtual time; false when there is no seat for it. While
   * a request waits that takes more seats than are free, those of other queues that fit go past it: what is wide holds
   * up the thread, and no more than one of its kind at a time may stand between a small request and its answer.
   */
  #dispatch(): boolean {
    const now = this.#syncedAt;
    let chosen = this.#next();
    let [request] = chosen?.waiting ?? [];
    if (request && !isGone(request, now) && !this.#accommodates(request.work.seats)) {
      chosen = this.#next(true);
      [request] = chosen?.waiting ?? [];
    }
    if (!chosen || !request) return false;
    if (isGone(request, now)) {
      this.#removeWaiting(request);
      request.wake();
      return true;
    }
    this.#robin = chosen.index;
    this.#dequeue(request);
    this.#execute(request, now);
    request.leaseUntil = now + CLAIM_MS;
    chosen.nextDispatchR += totalWork(request.work);
    bound(chosen);
    request.wake();
    return true;
  }

  /** `fits`: only among those whose oldest request finds seats. */
  #next(fits = false): Queue | undefined {
    // The usual case: a request that came and goes at once.
    if (!fits && this.#waiting.size === 1) return this.#waiting.values().next().value;
    const count = this.queues.length;
    const turn = (queue: Queue): number => (queue.index - this.#robin - 1 + count) % count;
    let best: Queue | undefined;
    let finish = Number.POSITIVE_INFINITY;
    for (const queue of this.#waiting) {
      const [oldest] = queue.waiting;
      if (!oldest || (fits && !this.#accommodates(oldest.work.seats))) continue;
      const done = queue.nextDispatchR + totalWork(oldest.work);
      if (done > finish || (best && done === finish && turn(queue) > turn(best))) continue;
      finish = done;
      best = queue;
    }
    return best;
  }

  /** A request wider than the limit runs when nothing else does. */
  #accommodates(seats: number): boolean {
    if (this.#shape.queues < 0) return true;
    if (seats > this.limit) return this.totals.executing === 0;
    return this.totals.seatsInUse + seats <= this.limit;
  }

  #execute(request: QueuedRequest, now: number): void {
    request.state = 'executing';
    request.startedAt = now;
    this.executing.add(request);
    this.totals.executing++;
    this.totals.dispatched++;
    this.totals.seatsInUse += request.work.seats;
    if (request.queue) request.queue.executing++;
    this.#noteDemand();
  }

  #end(request: QueuedRequest, now: number): void {
    if (request.state !== 'executing') return;
    request.state = 'finished';
    this.executing.delete(request);
    this.totals.executing--;
    request.onEnded();
    const { queue, work } = request;
    if (queue) {
      queue.executing--;
      queue.nextDispatchR -= work.initialSeats * (ESTIMATED_SERVICE - (now - request.startedAt) / 1_000);
      bound(queue);
      if (queue.waiting.size === 0 && queue.executing === 0) this.#active--;
    }
    const lingers = work.lingerMs > 0 && (work.pauses !== true || this.totals.waiting > 0);
    if (lingers) this.#lingering.push({ until: now + work.lingerMs, request });
    else this.#releaseSeats(request, now);
  }

  #releaseSeats(request: QueuedRequest, now: number): void {
    this.totals.seatsInUse -= request.work.seats;
    this.demand.set(this.totals.seatsInUse + this.totals.seatsWaiting, now);
  }

  #noteDemand(): void {
    this.demand.set(this.totals.seatsInUse + this.totals.seatsWaiting, this.#syncedAt);
  }

  /** Takes seats back from requests that never said that they ended. */
  #sweep(now: number): void {
    if (now - this.#sweptAt < SWEEP_MS) return;
    this.#sweptAt = now;
    for (const request of this.executing) if (request.leaseUntil <= now) this.#end(request, now);
  }
}

const isGone = ({ work, seenAt }: QueuedRequest, now: number): boolean =>
  now >= work.deadline || now - seenAt >= SILENT_MS;

/** Seat-seconds. */
const totalWork = (work: Work): number =>
  work.initialSeats * ESTIMATED_SERVICE + (work.finalSeats * work.lingerMs) / 1_000;

/** A queue that had little to do must not save up: nothing is dispatched, in virtual time, before it arrived. */
function bound(queue: Queue): void {
  const [oldest] = queue.waiting;
  if (oldest && queue.nextDispatchR < oldest.arrivalR) queue.nextDispatchR = oldest.arrivalR;
}
