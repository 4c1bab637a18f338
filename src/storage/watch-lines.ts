/** Lines of the upstream watch format, built from texts that are never parsed. */
import type { WatchQuery } from './contract.ts';
import type { ShardEvent } from './engine.ts';
import type { Matcher } from './selection.ts';

/** One event over a complete text. */
export function eventLine(type: ShardEvent['type'], text: string): string {
  return `{"type":"${type}","object":${text}}\n`;
}

/** What a watcher hears of an event; LEFT is a DELETED that carries the former state. */
export type Outcome = ShardEvent['type'] | 'LEFT';

/**
 * What a watcher with `matches` hears of an event, if anything (WATCH-1). An object that leaves the selection is
 * DELETED in its former state at the new revision. Upstream: storage/cacher convertToWatchEvent.
 */
export function outcomeFor(event: ShardEvent, matches: Matcher): Outcome | undefined {
  const { type, key, old } = event;
  const before = old !== undefined && matches(key, old.projection);
  if (type === 'DELETED') return before ? 'DELETED' : undefined;
  const now = matches(key, event.projection);
  if (now) return before ? 'MODIFIED' : 'ADDED';
  return before ? 'LEFT' : undefined;
}

/** The line that a watcher gets for what it hears of an event. */
export function outcomeLine(event: ShardEvent, outcome: Outcome): string {
  if (outcome === 'LEFT') return eventLine('DELETED', event.old?.text ?? event.text);
  return eventLine(outcome, event.text);
}

/** A bookmark; `initialEnd` marks the end of the initial events. Upstream: metav1.InitialEventsAnnotationKey. */
export function bookmarkLine(
  { apiVersion, kind, emptyFields = '' }: Pick<WatchQuery, 'apiVersion' | 'kind' | 'emptyFields'>,
  revision: number,
  initialEnd = false,
): string {
  const annotations = initialEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
  const metadata = { resourceVersion: String(revision), ...annotations };
  const object = JSON.stringify({ kind, apiVersion, metadata });
  const whole = emptyFields === '' ? object : `${object.slice(0, -1)},${emptyFields}}`;
  return `{"type":"BOOKMARK","object":${whole}}\n`;
}

/** WATCH-3: the history before `compacted` is gone. Upstream: apierrors.NewResourceExpired. */
export function expiredLine(since: number, compacted: number): string {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `too old resource version: ${since} (${compacted})`,
    reason: 'Expired',
    code: 410,
  };
  return `${JSON.stringify({ type: 'ERROR', object: status })}\n`;
}

/** The initial state was asked for no older than a revision that does not exist. Upstream: NewTooLargeResourceVersionError. */
export function tooLargeLine(since: number, current: number): string {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `Timeout: Too large resource version: ${since}, current: ${current}`,
    reason: 'Timeout',
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
    code: 504,
  };
  return `${JSON.stringify({ type: 'ERROR', object: status })}\n`;
}
