import type { APIService } from '../../kinds/index.ts';

const MIN_PAUSE_MS = 5_000;
const MAX_PAUSE_MS = 300_000;

/** `NAMESPACE/NAME` of the Service behind an API; undefined for an API of this server. */
export function serviceOf({ spec }: APIService): string | undefined {
  const { service } = spec;
  return service && `${service.namespace ?? ''}/${service.name ?? ''}`;
}

/**
 * Milliseconds after which an API that does not answer is asked again: half of the time since it last changed, so that
 * one that is gone for good costs less and less.
 */
export function pauseOf({ status }: APIService, now: number): number {
  const condition = status?.conditions?.find(({ type }) => type === 'Available');
  const since = Date.parse(condition?.lastTransitionTime ?? '');
  const age = Number.isNaN(since) ? 0 : now - since;
  return Math.min(MAX_PAUSE_MS, Math.max(MIN_PAUSE_MS, age / 2));
}
