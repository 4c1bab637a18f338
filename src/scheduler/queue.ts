/**
 * Pods that wait for a node: ready to be tried, backing off, or parked until something changes that could help.
 * Upstream: scheduler internal/queue.
 */
import type { Pod } from '../kinds/index.ts';
import type { ClusterEvent, Plugin } from './framework.ts';

interface Waiting {
  key: string;
  pod: Pod;
  attempts: number;
  /** When it first entered; earlier goes first among equal priorities. */
  since: number;
  /** Not before this time. */
  notBefore: number;
  /** Parked: the plugins that refused it. Undefined: to be tried. */
  parkedBy?: ReadonlySet<string>;
  parkedAt?: number;
}

const INITIAL_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 10_000;
/** Upstream flushes parked pods after five minutes whatever happens. */
const PARKED_MAX_MS = 300_000;

export class SchedulingQueue {
  readonly #waiting = new Map<string, Waiting>();
  readonly #plugins: readonly Plugin[];

  constructor(plugins: readonly Plugin[]) {
    this.#plugins = plugins;
  }

  get size(): number {
    return this.#waiting.size;
  }

  has(key: string): boolean {
    return this.#waiting.has(key);
  }

  /** Enters or refreshes a pod. A pod that changed while parked by a plugin that cares is tried again. */
  put(key: string, pod: Pod, now: number): void {
    const known = this.#waiting.get(key);
    if (!known || known.pod.metadata.uid !== pod.metadata.uid) {
      this.#waiting.set(key, { key, pod, attempts: 0, since: now, notBefore: now });
      return;
    }
    const specChanged = known.pod.metadata.generation !== pod.metadata.generation || labelsDiffer(known.pod, pod);
    known.pod = pod;
    if (known.parkedBy && specChanged) this.#wake(known, 'podChanged');
  }

  remove(key: string): void {
    this.#waiting.delete(key);
  }

  /** Pods to try now, highest priority first, at most `limit`; they stay until `remove` or `park`. */
  due(now: number, limit: number): { key: string; pod: Pod }[] {
    const due: Waiting[] = [];
    for (const item of this.#waiting.values()) {
      if (item.parkedBy) {
        if (now - (item.parkedAt ?? now) < PARKED_MAX_MS) continue;
        this.#unpark(item);
      }
      if (item.notBefore <= now && this.#gate(item.pod) === undefined) due.push(item);
    }
    due.sort((a, b) => (b.pod.spec?.priority ?? 0) - (a.pod.spec?.priority ?? 0) || a.since - b.since);
    return due.slice(0, limit);
  }

  /** A try failed: back off, and wait for an event that one of `plugins` cares for. */
  park(key: string, plugins: ReadonlySet<string>, now: number): void {
    const item = this.#waiting.get(key);
    if (!item) return;
    item.attempts++;
    item.notBefore = now + Math.min(MAX_BACKOFF_MS, INITIAL_BACKOFF_MS * 2 ** (item.attempts - 1));
    item.parkedBy = plugins;
    item.parkedAt = now;
  }

  /** A try failed for a reason outside the decision (an API error): back off and try again without an event. */
  retry(key: string, now: number): void {
    this.park(key, new Set(), now);
    const item = this.#waiting.get(key);
    if (item) this.#unpark(item);
  }

  /** Something happened in the cluster: parked pods that it can help become due again after their back-off. */
  happened(event: ClusterEvent): void {
    for (const item of this.#waiting.values()) if (item.parkedBy) this.#wake(item, event);
  }

  /** When the next waiting pod becomes due; undefined when none will by itself. Gated pods wait for a change. */
  nextDue(): number | undefined {
    let next: number | undefined;
    for (const item of this.#waiting.values()) {
      if (this.#gate(item.pod) !== undefined) continue;
      const at = item.parkedBy ? (item.parkedAt ?? 0) + PARKED_MAX_MS : item.notBefore;
      if (next === undefined || at < next) next = at;
    }
    return next;
  }

  #wake(item: Waiting, event: ClusterEvent): void {
    const helps =
      item.parkedBy?.size === 0 ||
      this.#plugins.some((plugin) => item.parkedBy?.has(plugin.name) && plugin.events.includes(event));
    if (helps) this.#unpark(item);
  }

  #unpark(item: Waiting): void {
    item.parkedBy = undefined;
    item.parkedAt = undefined;
  }

  #gate(pod: Pod): string | undefined {
    for (const plugin of this.#plugins) {
      const reason = plugin.preEnqueue?.(pod);
      if (reason !== undefined) return reason;
    }
    return undefined;
  }
}

function labelsDiffer(a: Pod, b: Pod): boolean {
  return JSON.stringify(a.metadata.labels ?? {}) !== JSON.stringify(b.metadata.labels ?? {});
}
