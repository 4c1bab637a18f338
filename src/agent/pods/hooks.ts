/** The lifecycle hooks of containers. Upstream: pkg/kubelet/lifecycle/handlers.go. */
import { delay } from '../../base/clock.ts';
import type { Container, LifecycleHandler } from '../../kinds/index.ts';
import { httpRequest } from '../probes/http-request.ts';
import { resolvePort } from '../probes/port.ts';
import type { PodContext } from './context.ts';

export interface HookRequest {
  handler: LifecycleHandler;
  container: Container;
  containerId: string;
  podIP: string;
  /** Seconds; 0: no limit. */
  timeout: number;
  signal: AbortSignal;
}

/** Resolves when the hook is done; throws with what went wrong. */
export async function runHook(context: PodContext, request: HookRequest): Promise<void> {
  const { handler, container, containerId, podIP, timeout, signal } = request;
  if (handler.exec) {
    const result = await context.runtime.execSync(containerId, handler.exec.command ?? [], timeout);
    if (result.exitCode !== 0) {
      const output = Buffer.concat([result.stdout, result.stderr]).toString('utf8');
      throw new Error(
        `Exec lifecycle hook (${JSON.stringify(handler.exec.command)}) failed - error: command exited with ${result.exitCode}, message: ${JSON.stringify(output)}`,
      );
    }
  } else if (handler.httpGet) {
    const port = resolvePort(container, handler.httpGet.port);
    await httpRequest({
      action: handler.httpGet,
      port,
      host: podIP,
      timeout: timeout || 60,
      userAgent: 'kube-lifecycle/1.36',
    });
  } else if (handler.sleep) {
    await delay(context.clock, handler.sleep.seconds * 1000, signal);
  }
}
