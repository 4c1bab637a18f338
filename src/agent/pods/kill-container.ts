import type { Container, Pod } from '../../kinds/index.ts';
import { messageOf } from '../log.ts';
import type { ContainerStatus } from '../runtime/contract.ts';
import type { PodContext } from './context.ts';
import { runHook } from './hooks.ts';

export interface KillRequest {
  pod: Pod;
  /** Undefined when the pod's spec is not known any more. */
  container: Container | undefined;
  status: ContainerStatus;
  /** Text of the Killing event. */
  message: string;
  /** Seconds for preStop hook and SIGTERM together. */
  grace: number;
  field: string | undefined;
  podIP: string;
  signal: AbortSignal;
}

/** A container gets at least this long after its hook. Upstream: minimumGracePeriodInSeconds. */
const MIN_GRACE = 2;

/** Ends a container: event, preStop hook, SIGTERM, SIGKILL. Resolves when it is down. */
export async function killContainer(context: PodContext, request: KillRequest): Promise<void> {
  const { pod, container, status, message, grace, field, podIP, signal } = request;
  context.events.pod(pod, 'Normal', 'Killing', message, field);
  let left = grace;
  const handler = container?.lifecycle?.preStop;
  if (container !== undefined && handler !== undefined && grace > 0 && status.state === 'running') {
    const started = context.clock.now();
    try {
      await within(
        context,
        grace * 1000,
        runHook(context, { handler, container, containerId: status.id, podIP, timeout: grace, signal }),
      );
    } catch (error) {
      if (!signal.aborted) {
        context.events.pod(pod, 'Warning', 'FailedPreStopHook', 'PreStopHook failed', field);
        context.log('warn', 'preStop hook failed', {
          pod: pod.metadata.name,
          container: container.name,
          error: messageOf(error),
        });
      }
    }
    left = Math.max(MIN_GRACE, Math.round(grace - (context.clock.now() - started) / 1000));
  }
  await context.runtime.stopContainer(status.id, signal.aborted ? Math.min(left, MIN_GRACE) : left);
}

function within(context: PodContext, ms: number, work: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = context.clock.after(ms, () => reject(new Error('the hook outlasted the grace period')));
    work.then(resolve, reject).finally(cancel);
  });
}
