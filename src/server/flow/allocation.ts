/** How priority levels share the seats of a server by their demand. Upstream: util/flowcontrol/conc_alloc.go. */

export interface Claim {
  /** At least `lower`. */
  target: number;
  lower: number;
  upper: number;
}

/** A target of nothing would make every ratio infinite. */
const MIN_TARGET = 0.001;
const EPSILON = 1e-7;

/**
 * Seats for each claim that sum to `total`: proportional to the targets, except where a bound holds. `fair` is the
 * proportion. Undefined when the bounds allow no such sum.
 */
export function allocate(total: number, claims: readonly Claim[]): { seats: number[]; fair: number } | undefined {
  const sums = { lower: 0, upper: 0 };
  for (const { lower, upper } of claims) {
    sums.lower += lower;
    sums.upper += upper;
  }
  if (sums.lower - total > EPSILON || total - sums.upper > EPSILON) return undefined;
  const targets = claims.map(({ target }) => Math.max(target, MIN_TARGET));
  const seatsAt = (fair: number): number[] =>
    claims.map(({ lower, upper }, i) => Math.max(lower, Math.min(upper, fair * (targets[i] as number))));
  const bounds = claims.flatMap(({ lower, upper }, i) => [
    lower / (targets[i] as number),
    upper / (targets[i] as number),
  ]);
  bounds.sort((a, b) => a - b);
  // The sum rises with the proportion, along straight lines between the bounds.
  let low = { fair: 0, sum: sums.lower };
  for (const bound of bounds) {
    const sum = seatsAt(bound).reduce((a, b) => a + b, 0);
    if (sum >= total) {
      const part = sum - low.sum <= EPSILON ? 0 : (total - low.sum) / (sum - low.sum);
      const fair = low.fair + part * (bound - low.fair);
      return { seats: seatsAt(fair), fair };
    }
    low = { fair: bound, sum };
  }
  return { seats: seatsAt(low.fair), fair: low.fair };
}
