import type { Clock } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import type { KindRef } from '../../machinery/kind.ts';
import { apiVersionOf, type KubeObject } from '../../machinery/meta.ts';
import { StatusError } from '../../machinery/status.ts';
import { apiTime } from '../../machinery/time.ts';
import { EventCorrelator } from './event-correlation.ts';

/** An event about an object. */
export interface EventSpec {
  kind: KindRef;
  object: KubeObject;
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
}

export interface EventRecorderOptions {
  client: Client;
  /** What reports: the name of the controller. */
  component: string;
  clock: Clock;
  onError(error: unknown): void;
}

export interface EventRecorder {
  /** Writes events, correlated with earlier ones. Never throws: an event that cannot be written is lost. */
  record(events: readonly EventSpec[]): Promise<void>;
}

const EVENTS: KindRef = { group: '', version: 'v1', kind: 'Event', resource: 'events', namespaced: true };
/** Upstream cuts messages at this length. */
const MAX_MESSAGE = 1024;

/** Records the events of one controller. Upstream: client-go/tools/record. */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const correlator = new EventCorrelator();
  let serial = 0;
  const nameOf = (name: string, now: number) => {
    serial = (serial + 1) % 1_000_000;
    return `${name}.${(BigInt(now) * 1_000_000n + BigInt(serial)).toString(16)}`;
  };
  const record = async (spec: EventSpec): Promise<void> => {
    const now = options.clock.now();
    const time = apiTime(now);
    const about = referenceTo(spec);
    const correlation = correlator.correlate({ ...spec, about: Object.values(about).join('\t') }, now);
    if (correlation.do === 'drop') return;
    const namespace = about.namespace ?? 'default';
    const message = correlation.message.slice(0, MAX_MESSAGE);
    if (correlation.do === 'count') {
      const { seen, id } = correlation;
      const count = seen.count + 1;
      const patch = { count, lastTimestamp: time, message };
      const done = await options.client
        .patch(EVENTS, { namespace, name: seen.name }, patch, { type: 'strategic' })
        .catch(unlessNotFound);
      if (done) return correlator.written(id, { ...seen, count });
    }
    const name = nameOf(spec.object.metadata.name ?? '', now);
    const { component } = options;
    await options.client.create(EVENTS, {
      metadata: { name, namespace },
      involvedObject: { ...about, resourceVersion: spec.object.metadata.resourceVersion },
      reason: spec.reason,
      message,
      source: { component },
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
      type: spec.type,
      eventTime: null,
      reportingComponent: component,
      reportingInstance: '',
    });
    correlator.written(correlation.id, { name, count: 1, firstTimestamp: time });
  };
  return {
    async record(events) {
      for (const event of events) await record(event).catch(options.onError);
    },
  };
}

function referenceTo({ kind, object }: EventSpec) {
  const { name, namespace, uid } = object.metadata;
  return { kind: kind.kind, namespace, name, uid, apiVersion: apiVersionOf(kind.group, kind.version) };
}

function unlessNotFound(error: unknown): undefined {
  if (error instanceof StatusError && error.code === 404) return undefined;
  throw error;
}
