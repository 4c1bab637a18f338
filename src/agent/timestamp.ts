/** `ms` as the API writes times: RFC 3339 in whole seconds, UTC. */
export const timestamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** With microseconds, as `MicroTime` fields want it. */
export const microTimestamp = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');

/** Milliseconds of a time of the API; undefined for none. */
export const parseTimestamp = (text: string | null | undefined): number | undefined =>
  text ? Date.parse(text) : undefined;

/** Upstream: time.Duration.String, for whole seconds and up, or milliseconds below. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  const seconds = Math.round(ms) / 1000;
  if (seconds < 60) return `${seconds}s`;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = `${Math.round((seconds % 60) * 1000) / 1000}s`;
  return hours > 0 ? `${hours}h${minutes}m${rest}` : `${minutes}m${rest}`;
}
