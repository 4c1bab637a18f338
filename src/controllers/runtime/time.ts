/** Milliseconds since the epoch as the API writes times: UTC, whole seconds. */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** Milliseconds since the epoch of an API time; NaN when it is absent or malformed. */
export function parseTime(time: string | null | undefined): number {
  return time ? Date.parse(time) : Number.NaN;
}
