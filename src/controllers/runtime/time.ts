/** Milliseconds since the epoch of an API time; NaN when it is absent or malformed. */
export function parseTime(time: string | null | undefined): number {
  return time ? Date.parse(time) : Number.NaN;
}
