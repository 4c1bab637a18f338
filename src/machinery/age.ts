/** Durations as kubectl shows them. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `amount unit`, followed by the rest in the next smaller unit where there is one. */
function pair(
  ms: number,
  [large, largeName]: readonly [number, string],
  [small, smallName]: readonly [number, string],
): string {
  const rest = Math.floor((ms % large) / small);
  return rest === 0
    ? `${Math.floor(ms / large)}${largeName}`
    : `${Math.floor(ms / large)}${largeName}${rest}${smallName}`;
}

/**
 * A duration in milliseconds as two significant units at most: `5s`, `3m12s`, `5h30m`, `3d4h`, `2y15d`.
 * Upstream: apimachinery/pkg/util/duration.HumanDuration.
 */
export function formatDuration(ms: number): string {
  const seconds = Math.trunc(ms / SECOND);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  if (ms < 10 * MINUTE) return pair(ms, [MINUTE, 'm'], [SECOND, 's']);
  if (ms < 3 * HOUR) return `${Math.floor(ms / MINUTE)}m`;
  if (ms < 8 * HOUR) return pair(ms, [HOUR, 'h'], [MINUTE, 'm']);
  if (ms < 48 * HOUR) return `${Math.floor(ms / HOUR)}h`;
  if (ms < 8 * DAY) return pair(ms, [DAY, 'd'], [HOUR, 'h']);
  if (ms < 2 * 365 * DAY) return `${Math.floor(ms / DAY)}d`;
  if (ms < 8 * 365 * DAY) return pair(ms, [365 * DAY, 'y'], [DAY, 'd']);
  return `${Math.floor(ms / (365 * DAY))}y`;
}

/** The time since an RFC 3339 `timestamp`; `<unknown>` where there is none. `now`: milliseconds since the epoch. */
export function formatAge(timestamp: string | null | undefined, now: number): string {
  return timestamp == null || timestamp === '' ? '<unknown>' : formatDuration(now - Date.parse(timestamp));
}
