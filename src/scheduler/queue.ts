/**
 * Pods that wait for a node: ready to be tried, being tried, backing off, or parked until something changes that could
 * help. Upstream: scheduler backend/queue.
 */
import type { Pod } from '../kinds/index.ts';
import type { ClusterEvent, NodeInfo, Plugin, PodInfo } from './framework.ts';
import { podInfoOf } from './snapshot.ts';

interface Waiting {
  info: PodInfo;
  /** `trying`: handed out by `take` and not heard of since. */
  state: 'ready' | 'trying' | 'parked';
  attempts: number;
  /** When it entered or was last refused; earlier goes first among equal priorities. */
  since: number;
  /** Not before this time, when `ready`. */
  notBefore: number;
  /** The API failed it: its back-off is waited for in any case. */
  failed: boolean;
  /** Parked: the plugins that refused it. */
  refusedBy: ReadonlySet<string>;
}

/** A pod to be tried. */
export interface Attempt {
  info: PodInfo;
  /** Tries before this one since the queue knows the pod. */
  attempts: number;
}

const INITIAL_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 10_000;
/** Upstream flushes parked pods after five minutes whatever happens. */
const PARKED_MAX_MS = 300_000;
const NOBODY: ReadonlySet<string> = new Set();

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
  put(pod: Pod, now: number): void {
    const info = podInfoOf(pod);
    const known = this.#waiting.get(info.key);
    if (!known || known.info.pod.metadata.uid !== pod.metadata.uid) {
      const fresh = { attempts: 0, since: now, notBefore: now, failed: false, refusedBy: NOBODY };
      this.#waiting.set(info.key, { info, state: 'ready', ...fresh });
      return;
    }
    const old = known.info.pod;
    known.info = info;
    const changed = old.metadata.generation !== pod.metadata.generation || labelsDiffer(old, pod);
    if (known.state === 'parked' && changed && this.#helps(known, 'podChanged')) known.state = 'ready';
  }

  remove(key: string): void {
    this.#waiting.delete(key);
  }

  /**
   * Hands out pods to try now, highest priority first, at most `limit`. Back-off is for when there is other work: with
   * none, pods that something has helped are tried at once, as upstream does (KEP-5142). Each must be answered by
   * `remove`, `park` or `retry`.
   */
  take(now: number, limit: number): Attempt[] {
    const rested: Waiting[] = [];
    const backingOff: Waiting[] = [];
    for (const item of this.#waiting.values()) {
      if (item.state === 'parked' && now - item.since >= PARKED_MAX_MS) item.state = 'ready';
      if (item.state !== 'ready' || this.#isGated(item)) continue;
      if (item.notBefore <= now) rested.push(item);
      else if (!item.failed) backingOff.push(item);
    }
    const chosen = rested.length > 0 ? rested.sort(byPriority).slice(0, limit) : backingOff.sort(byRest).slice(0, 1);
    for (const item of chosen) item.state = 'trying';
    return chosen.map(({ info, attempts }) => ({ info, attempts }));
  }

  /** No node takes the pod: it waits for an event that one of `plugins` cares for. */
  park(key: string, plugins: ReadonlySet<string>, now: number): void {
    const item = this.#waiting.get(key);
    if (!item) return;
    this.#backOff(item, now);
    Object.assign(item, { state: 'parked', refusedBy: plugins, failed: false });
  }

  /** A try failed for a reason outside the decision (an API error): back off and try again without an event. */
  retry(key: string, now: number): void {
    const item = this.#waiting.get(key);
    if (!item) return;
    this.#backOff(item, now);
    Object.assign(item, { state: 'ready', failed: true });
  }

  /** Something happened to `node`: parked pods that it can help become ready. */
  happened(event: ClusterEvent, node?: NodeInfo): void {
    for (const item of this.#waiting.values())
      if (item.state === 'parked' && this.#helps(item, event, node)) item.state = 'ready';
  }

  /** When the next waiting pod becomes due; undefined when none will by itself. Gated pods wait for a change. */
  nextDue(): number | undefined {
    let next: number | undefined;
    for (const item of this.#waiting.values()) {
      if (this.#isGated(item)) continue;
      const at = item.state === 'parked' ? item.since + PARKED_MAX_MS : item.notBefore;
      if (next === undefined || at < next) next = at;
    }
    return next;
  }

  #backOff(item: Waiting, now: number): void {
    item.attempts++;
    item.since = now;
    item.notBefore = now + Math.min(MAX_BACKOFF_MS, INITIAL_BACKOFF_MS * 2 ** (item.attempts - 1));
  }

  /** Whether a plugin that refused the pod cares for the event and, if it judges nodes, would take this one now. */
  #helps({ refusedBy, info }: Waiting, event: ClusterEvent, node?: NodeInfo): boolean {
    if (refusedBy.size === 0) return true;
    return this.#plugins.some(
      (plugin) =>
        refusedBy.has(plugin.name) &&
        plugin.events.includes(event) &&
        (node === undefined || plugin.filter?.(info, node) === undefined),
    );
  }

  #isGated({ info }: Waiting): boolean {
    return this.#plugins.some((plugin) => plugin.preEnqueue?.(info.pod) !== undefined);
  }
}

function byPriority(a: Waiting, b: Waiting): number {
  return b.info.priority - a.info.priority || a.since - b.since;
}

function byRest(a: Waiting, b: Waiting): number {
  return a.notBefore - b.notBefore;
}

function labelsDiffer(a: Pod, b: Pod): boolean {
  return JSON.stringify(a.metadata.labels ?? {}) !== JSON.stringify(b.metadata.labels ?? {});
}
