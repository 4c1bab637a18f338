/** Times as the API writes them, from milliseconds since the epoch. */

/** Whole seconds in UTC: `2026-01-02T03:04:05Z`. Upstream: metav1.Time. */
export const apiTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** With microseconds: `2026-01-02T03:04:05.678000Z`. Upstream: metav1.MicroTime. */
export const apiMicroTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');
