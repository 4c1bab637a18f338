/** Ranges of sizes and costs, as upstream keeps them in 64 unsigned bits: what does not fit is the greatest number. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

export const greatest = 2 ** 64;

function saturated(value: number): number {
  return Math.min(value, greatest);
}

export function fixed(value: number): Bounds {
  return { min: value, max: value };
}

export const nothing = fixed(0);
export const unknown: Bounds = { min: 0, max: greatest };

export function plus(a: Bounds, b: Bounds): Bounds {
  return { min: saturated(a.min + b.min), max: saturated(a.max + b.max) };
}

export function times(a: Bounds, b: Bounds): Bounds {
  return { min: product(a.min, b.min), max: product(a.max, b.max) };
}

function product(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : saturated(a * b);
}

/** Multiplies by a factor and rounds up. */
export function scaled(a: Bounds, factor: number): Bounds {
  return { min: saturated(Math.ceil(a.min * factor)), max: saturated(Math.ceil(a.max * factor)) };
}

export function union(a: Bounds, b: Bounds): Bounds {
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
}

export function sum(all: readonly Bounds[]): Bounds {
  return all.reduce(plus, nothing);
}
