/** The mean, spread and peak of a number over time. Upstream: util/flowcontrol/fairqueuing/integrator.go. */

export interface Observation {
  /** Milliseconds. */
  duration: number;
  average: number;
  deviation: number;
  max: number;
}

export class Integrator {
  #value = 0;
  #since: number;
  #start: number;
  #sum = 0;
  #squares = 0;
  #max = 0;

  constructor(now: number) {
    this.#since = now;
    this.#start = now;
  }

  get value(): number {
    return this.#value;
  }

  set(value: number, now: number): void {
    this.#advance(now);
    this.#value = value;
    if (value > this.#max) this.#max = value;
  }

  /** What was observed since the last time; starts anew. */
  reset(now: number): Observation {
    this.#advance(now);
    const duration = now - this.#start;
    const average = duration > 0 ? this.#sum / duration : this.#value;
    const variance = duration > 0 ? this.#squares / duration - average * average : 0;
    const seen = { duration, average, deviation: Math.sqrt(Math.max(0, variance)), max: this.#max };
    this.#sum = 0;
    this.#squares = 0;
    this.#start = now;
    this.#max = this.#value;
    return seen;
  }

  #advance(now: number): void {
    const passed = now - this.#since;
    if (passed <= 0) return;
    this.#sum += this.#value * passed;
    this.#squares += this.#value * this.#value * passed;
    this.#since = now;
  }
}
