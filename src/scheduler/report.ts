/** What users are told of decisions: events, and the pod's PodScheduled condition. */
import type { Clock } from '../base/clock.ts';
import type { Client } from '../client/client.ts';
import { type Pod, pods } from '../kinds/index.ts';
import { StatusError } from '../machinery/status.ts';
import { apiTime } from '../machinery/time.ts';

export interface ReporterOptions {
  client: Client;
  clock: Clock;
  event(pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string): Promise<void>;
  onError(message: string, error: unknown): void;
}

export interface Reporter {
  /** The event of a binding; it is written in the background. */
  scheduled(pod: Pod, node: string): void;
  /** Condition and event of a pod that no node takes; `attempts` were made before since the scheduler woke. */
  unschedulable(pod: Pod, message: string, attempts: number): Promise<void>;
  /** Resolves when the events are written. */
  idle(): Promise<void>;
}

/** Events that may wait to be written before decisions wait for them. */
const MAX_PENDING = 1_000;

export function createReporter(options: ReporterOptions): Reporter {
  const pending = new Set<Promise<void>>();
  return {
    scheduled(pod, node) {
      if (pending.size >= MAX_PENDING) return;
      const { namespace, name } = pod.metadata;
      const message = `Successfully assigned ${namespace}/${name} to ${node}`;
      const event = options.event(pod, 'Normal', 'Scheduled', message).finally(() => pending.delete(event));
      pending.add(event);
    },
    async unschedulable(pod, message, attempts) {
      const told = isTold(pod, message);
      // A scheduler that has just woken has nothing new to say of a pod that waits as before.
      const silent = told && attempts === 0;
      await Promise.all([
        silent ? undefined : options.event(pod, 'Warning', 'FailedScheduling', message),
        told ? undefined : writeCondition(pod, message, options),
      ]);
    },
    async idle() {
      await Promise.all(pending);
    },
  };
}

function conditionOf(pod: Pod) {
  return pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
}

function isTold(pod: Pod, message: string): boolean {
  const known = conditionOf(pod);
  return known?.status === 'False' && known.reason === 'Unschedulable' && known.message === message;
}

async function writeCondition(pod: Pod, message: string, options: ReporterOptions): Promise<void> {
  const { client, clock, onError } = options;
  const { namespace, name = '', generation } = pod.metadata;
  const known = conditionOf(pod);
  const now = apiTime(clock.now());
  const condition = {
    type: 'PodScheduled',
    status: 'False',
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    lastProbeTime: null,
    lastTransitionTime: known?.status === 'False' ? known.lastTransitionTime : now,
    reason: 'Unschedulable',
    message,
  };
  const patch = { status: { conditions: [condition] } };
  try {
    await client.patch(pods, { namespace, name }, patch, { type: 'strategic', subresource: 'status' });
  } catch (error) {
    if (!(error instanceof StatusError && error.code === 404)) onError(`status of ${namespace}/${name}`, error);
  }
}
