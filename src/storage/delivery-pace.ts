/**
 * When events go out to followers that share the loop with whoever writes. A few get every commit at once. Many get the
 * events of a while in one frame, which costs hardly more than one event: after they have taken a delivery, writes have
 * a share of the time that took before the next one.
 */
import type { Clock } from '../base/clock.ts';

export interface DeliveryPaceOptions<F> {
  clock: Clock;
  /** Sends everything that is due. */
  deliver: () => void;
  /** `follower` has taken nothing for a minute. */
  cutOff: (follower: F) => void;
}

/** A delivery to so many is not waited for. */
const FEW = 16;
/** Longest wait until a delivery is taken, in milliseconds: a slow one does not hold up the others. */
const MAX_WAIT = 250;
const LOOK_EVERY = 1;
/** The rest, in milliseconds at least and as a share of the time until the delivery was taken. */
const MIN_REST = 6;
const REST_SHARE = 0.25;
const CUT_OFF_AFTER = 60_000;

export class DeliveryPace<F> {
  readonly #options: DeliveryPaceOptions<F>;
  /** Who has not taken the last delivery. */
  readonly #untaken = new Set<F>();
  /** Who has not taken an earlier one, and since when: it does not read, or has gone without a word. */
  readonly #slow = new Map<F, number>();
  #due = false;
  #resting = false;

  constructor(options: DeliveryPaceOptions<F>) {
    this.#options = options;
  }

  /** There are events to deliver. Called by the writer, whose timers are used: those of a follower end with it. */
  schedule(): void {
    this.#due = true;
    if (!this.#resting) this.#deliver();
  }

  /** `follower` was sent something. */
  busy(follower: F): void {
    if (!this.#slow.has(follower)) this.#untaken.add(follower);
  }

  /** `follower` has taken all it was sent, or has gone. */
  taken(follower: F): void {
    this.#untaken.delete(follower);
    this.#slow.delete(follower);
  }

  #deliver(): void {
    const { clock, deliver } = this.#options;
    const now = clock.now();
    this.#passOver(now);
    this.#due = false;
    deliver();
    if (this.#untaken.size <= FEW) return;
    this.#resting = true;
    this.#rest(now);
  }

  #rest(deliveredAt: number, until?: number): void {
    const { clock } = this.#options;
    clock.after(LOOK_EVERY, () => {
      const now = clock.now();
      const took = now - deliveredAt;
      const over = this.#untaken.size === 0 || took >= MAX_WAIT;
      const end = until ?? (over ? now + Math.max(MIN_REST, took * REST_SHARE) : undefined);
      if (end === undefined || now < end) {
        this.#rest(deliveredAt, end);
        return;
      }
      this.#resting = false;
      if (this.#due) this.#deliver();
    });
  }

  /** WATCH-5. */
  #passOver(now: number): void {
    for (const follower of this.#untaken) this.#slow.set(follower, now);
    this.#untaken.clear();
    for (const [follower, since] of this.#slow) {
      if (now - since >= CUT_OFF_AFTER) this.#options.cutOff(follower);
    }
  }
}
