/** What a priority level keeps of its queues and requests. */

/** What a request asks for. Upstream: util/flowcontrol/request.WorkEstimate. */
export interface Work {
  /** Seats that it holds: the larger of the two below. */
  seats: number;
  initialSeats: number;
  /** Seats that it holds for `lingerMs` after its end, for what it sets off in watchers. */
  finalSeats: number;
  lingerMs: number;
  /** It lingers only for the sake of those that wait. */
  pauses?: boolean;
  /** Until when it waits at most, in milliseconds since the epoch. */
  deadline: number;
}

export interface Queue {
  readonly index: number;
  /** In order of arrival. */
  readonly waiting: Set<QueuedRequest>;
  /** Seat-seconds of what waits. */
  workWaiting: number;
  executing: number;
  /** Virtual time at which the next request of the queue is dispatched. */
  nextDispatchR: number;
}

export const newQueue = (index: number): Queue => ({
  ...{ index, waiting: new Set(), workWaiting: 0, executing: 0, nextDispatchR: 0 },
});

export class QueuedRequest {
  state: 'waiting' | 'executing' | 'finished' | 'abandoned' = 'waiting';
  startedAt = 0;
  leaseUntil = 0;
  /** When it last gave a sign of life while it waited. */
  seenAt: number;
  /** Called when it is no longer waiting. */
  wake: () => void = () => undefined;
  readonly work: Work;
  readonly queue: Queue | undefined;
  readonly arrivedAt: number;
  readonly arrivalR: number;
  /** Called when it leaves its queue, also by others while its own context is gone. */
  onLeft: () => void = () => undefined;
  /** Called when its execution is over, likewise. */
  onEnded: () => void = () => undefined;
  /** What dumps show. */
  label: { schema: string; distinguisher: string } | undefined;

  constructor(work: Work, at: { queue: Queue | undefined; arrivedAt: number; arrivalR: number }) {
    this.work = work;
    this.queue = at.queue;
    this.arrivedAt = at.arrivedAt;
    this.seenAt = at.arrivedAt;
    this.arrivalR = at.arrivalR;
  }
}
