/** Tells of what happens to pods and nodes, in the background. Upstream: client-go/tools/record with its correlator. */
import { type Clock, delay } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { Client } from '../../client/index.ts';
import { type Event, events, type ObjectReference, type Pod } from '../../kinds/index.ts';
import { StatusError } from '../../machinery/status.ts';
import { apiTime } from '../../machinery/time.ts';

export interface EventRecorder {
  /** `container` names the container it is about (`spec.containers{name}`). */
  pod(pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string, field?: string): void;
  record(reference: ObjectReference, type: 'Normal' | 'Warning', reason: string, message: string): void;
}

export interface EventRecorderOptions {
  client: Client;
  clock: Clock;
  random: Random;
  nodeName: string;
}

interface Known {
  name: string;
  namespace: string;
  count: number;
}

interface Pending {
  key: string;
  event: Event;
}

/** Events of one object beyond these are dropped: a burst, then one per five minutes. */
const BURST = 25;
const REFILL_MS = 300_000;
const MAX_QUEUE = 1000;
const MAX_KNOWN = 4096;
const MAX_ATTEMPTS = 12;
const MAX_MESSAGE = 1024;

/** Events are sent one after the other, in order; repeated ones raise the count of the first. */
export class ApiEventRecorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #queue: Pending[] = [];
  readonly #known = new Map<string, Known>();
  readonly #budgets = new Map<string, { left: number; at: number }>();
  #sending = false;
  #closed = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  pod(pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string, field?: string): void {
    const { namespace, name, uid, resourceVersion } = pod.metadata;
    const reference: ObjectReference = { apiVersion: 'v1', kind: 'Pod', namespace, name, uid, resourceVersion };
    if (field !== undefined) reference.fieldPath = field;
    this.record(reference, type, reason, message);
  }

  record(reference: ObjectReference, type: 'Normal' | 'Warning', reason: string, message: string): void {
    if (this.#closed || !this.#hasBudget(reference)) return;
    const { clock, nodeName, random } = this.#options;
    const now = clock.now();
    const text = message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE - 3)}...` : message;
    const namespace = reference.namespace || 'default';
    const suffix = Math.floor(random.next() * 2 ** 32).toString(16);
    const event: Event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${reference.name}.${now.toString(16)}${suffix.padStart(8, '0')}`, namespace },
      involvedObject: reference,
      type,
      reason,
      message: text,
      source: { component: 'kubelet', host: nodeName },
      reportingComponent: 'kubelet',
      reportingInstance: nodeName,
      firstTimestamp: apiTime(now),
      lastTimestamp: apiTime(now),
      count: 1,
    };
    const key = [reference.uid, reference.fieldPath, type, reason, text].join('\0');
    if (this.#queue.length >= MAX_QUEUE) this.#queue.shift();
    this.#queue.push({ key, event });
    if (!this.#sending) void this.#send();
  }

  #hasBudget(reference: ObjectReference): boolean {
    const now = this.#options.clock.now();
    const key = reference.uid ?? reference.name ?? '';
    const budget = this.#budgets.get(key) ?? { left: BURST, at: now };
    const refilled = Math.min(BURST, budget.left + (now - budget.at) / REFILL_MS);
    if (this.#budgets.size > MAX_KNOWN) this.#budgets.clear();
    this.#budgets.set(key, { left: refilled >= 1 ? refilled - 1 : refilled, at: now });
    return refilled >= 1;
  }

  async #send(): Promise<void> {
    this.#sending = true;
    for (let attempt = 0; this.#queue.length > 0 && !this.#closed; ) {
      const pending = this.#queue[0] as Pending;
      try {
        await this.#write(pending);
      } catch (error) {
        const refused = error instanceof StatusError && error.code >= 400 && error.code < 500 && error.code !== 429;
        if (!refused && ++attempt < MAX_ATTEMPTS) {
          await delay(this.#options.clock, Math.min(10_000, 500 * 2 ** attempt));
          continue;
        }
      }
      attempt = 0;
      const index = this.#queue.indexOf(pending);
      if (index !== -1) this.#queue.splice(index, 1);
    }
    this.#sending = false;
  }

  async #write({ key, event }: Pending): Promise<void> {
    const { client } = this.#options;
    const known = this.#known.get(key);
    if (known !== undefined) {
      const patch = { count: known.count + 1, lastTimestamp: event.lastTimestamp };
      try {
        await client.patch(events, { namespace: known.namespace, name: known.name }, patch);
        known.count += 1;
        return;
      } catch (error) {
        if (!(error instanceof StatusError) || error.code !== 404) throw error;
      }
    }
    await client.create(events, event);
    if (this.#known.size > MAX_KNOWN) this.#known.clear();
    this.#known.set(key, { name: event.metadata.name ?? '', namespace: event.metadata.namespace ?? '', count: 1 });
  }

  close(): void {
    this.#closed = true;
  }
}
