/** Brings pod statuses to the API, one request per pod at a time, the newest state only. Upstream: status_manager.go. */
import { type Clock, delay } from '../../base/clock.ts';
import type { Client } from '../../client/index.ts';
import { type Pod, type PodCondition, type PodStatus, pods } from '../../kinds/index.ts';
import { StatusError } from '../../machinery/status.ts';
import { type Log, messageOf } from '../log.ts';
import type { StatusSink } from './context.ts';

export interface StatusSinkOptions {
  client: Client;
  clock: Clock;
  log: Log;
}

interface Entry {
  pod: Pod;
  wanted: PodStatus;
  /** What the API is known to have. */
  known: PodStatus;
  sending: Promise<void> | undefined;
  gone: boolean;
}

const MAX_WAIT = 30_000;

/** Equal up to the order of fields, which the API may change. */
function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => same(left[key], right[key]));
}

/** A merge keeps what it is not told of: fields that went are named with null. */
function withRemovals(before: object, after: object): Record<string, unknown> {
  const gone = Object.keys(before).filter((field) => !(field in after));
  return { ...after, ...Object.fromEntries(gone.map((field) => [field, null])) };
}

function changedConditions(known: readonly PodCondition[], wanted: readonly PodCondition[]): object[] {
  const old = new Map(known.map((condition) => [condition.type, condition]));
  return wanted
    .filter((condition) => !same(withoutNulls(old.get(condition.type)), withoutNulls(condition)))
    .map((condition) => withRemovals(old.get(condition.type) ?? {}, condition));
}

/** Order of fields and explicit nulls make no difference to the API. */
function withoutNulls(value: object | undefined): unknown {
  return Object.entries(value ?? {})
    .filter(([, field]) => field !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Fields that this node may take back. */
const REMOVABLE = ['podIP', 'podIPs', 'reason', 'message', 'initContainerStatuses'] as const;

/** What must be sent to get from `known` to `wanted`, as a strategic merge; undefined for nothing. */
export function statusPatch(known: PodStatus, wanted: PodStatus): Record<string, unknown> | undefined {
  const patch: Record<string, unknown> = {};
  const before = known as Record<string, unknown>;
  const after = wanted as Record<string, unknown>;
  for (const field of Object.keys(after)) {
    if (field === 'conditions' || same(before[field], after[field])) continue;
    patch[field] = after[field];
    // Lists with a merge key would keep old addresses.
    if (field === 'podIPs' || field === 'hostIPs')
      patch[field] = [...(after[field] as unknown[]), { $patch: 'replace' }];
  }
  for (const field of REMOVABLE) if (before[field] !== undefined && after[field] === undefined) patch[field] = null;
  const conditions = changedConditions(known.conditions ?? [], wanted.conditions ?? []);
  if (conditions.length > 0) {
    patch.conditions = conditions;
    patch['$setElementOrder/conditions'] = (wanted.conditions ?? []).map(({ type }) => ({ type }));
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

export class ApiStatusSink implements StatusSink {
  readonly #options: StatusSinkOptions;
  readonly #entries = new Map<string, Entry>();
  #closed = false;
  #retry = new AbortController();

  constructor(options: StatusSinkOptions) {
    this.#options = options;
  }

  write(pod: Pod, status: PodStatus): void {
    const uid = pod.metadata.uid ?? '';
    const entry = this.#entries.get(uid);
    if (entry === undefined) {
      const fresh: Entry = { pod, wanted: status, known: pod.status ?? {}, sending: undefined, gone: false };
      this.#entries.set(uid, fresh);
      this.#start(fresh);
      return;
    }
    // The API's own word of the status counts, except while a write of ours may be newer than it.
    if (entry.sending === undefined && entry.pod !== pod && pod.status !== undefined) entry.known = pod.status;
    entry.pod = pod;
    entry.wanted = status;
    this.#start(entry);
  }

  #start(entry: Entry): void {
    if (entry.gone || entry.sending !== undefined || statusPatch(entry.known, entry.wanted) === undefined) return;
    entry.sending = this.#send(entry).finally(() => {
      entry.sending = undefined;
    });
  }

  async #send(entry: Entry): Promise<void> {
    for (let failures = 0; !this.#closed && !entry.gone; ) {
      const { wanted } = entry;
      const patch = statusPatch(entry.known, wanted);
      if (patch === undefined) return;
      try {
        await this.#patch(entry.pod, patch);
        entry.known = wanted;
        failures = 0;
      } catch (error) {
        if (this.#isLost(error)) {
          entry.gone = true;
          return;
        }
        this.#options.log('warn', 'pod status not written', { pod: entry.pod.metadata.name, error: messageOf(error) });
        await this.#pause(failures++);
      }
    }
  }

  /** Ends early when somebody calls `hurry`. */
  async #pause(failures: number): Promise<void> {
    const wait = Math.min(MAX_WAIT, 250 * 2 ** Math.min(failures, 8));
    await delay(this.#options.clock, wait, this.#retry.signal).catch(() => {});
  }

  hurry(): void {
    this.#retry.abort(new Error('the API is back'));
    this.#retry = new AbortController();
  }

  /** The pod is not there any more, or another one has its name. */
  #isLost(error: unknown): boolean {
    return error instanceof StatusError && (error.code === 404 || error.code === 409);
  }

  async #patch(pod: Pod, status: Record<string, unknown>): Promise<void> {
    const { name = '', namespace, uid } = pod.metadata;
    const body = { metadata: { uid }, status };
    await this.#options.client.patch(pods, { namespace, name }, body, { type: 'strategic', subresource: 'status' });
  }

  async finish(pod: Pod, status: PodStatus): Promise<void> {
    this.write(pod, status);
    const entry = this.#entries.get(pod.metadata.uid ?? '');
    await entry?.sending;
    for (let failures = 0; !this.#closed && entry?.gone === false; ) {
      try {
        const { name = '', namespace, uid } = pod.metadata;
        await this.#options.client.delete(pods, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } });
        return;
      } catch (error) {
        if (this.#isLost(error)) return;
        await this.#pause(failures++);
      }
    }
  }

  forget(uid: string): void {
    const entry = this.#entries.get(uid);
    if (entry !== undefined) entry.gone = true;
    this.#entries.delete(uid);
  }

  close(): void {
    this.#closed = true;
  }
}
