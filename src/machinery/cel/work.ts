/**
 * What an evaluation does beside what it costs. Upstream's costs leave out some work that grows with the data (copying
 * lists, comparing whole objects, formatting), which could hold up everything else on one thread.
 */
import { CelFault } from './values.ts';

/** Elements or characters; less than a second. */
const maxWork = 10_000_000;
let left = maxWork;

/** Counts work on so many elements or characters. */
export function spend(size: number): void {
  left -= size;
  if (left < 0) throw new CelFault('operation cancelled: actual cost limit exceeded', true);
}

/** Work up to here is what costs stand for. */
const covered = 200_000;

/** The cost of the evaluation: upstream's, unless the work is far beyond that, so that many together stay bounded, too. */
export function withWork(cost: number): number {
  return Math.max(cost, Math.floor((maxWork - left - covered) / 10));
}

/** Begins a new evaluation, or a compilation. */
export function startWork(): void {
  left = maxWork;
}
