/** Brings one container up. Upstream: kuberuntime_container.go startContainer. */
import type { Pod } from '../../kinds/index.ts';
import { messageOf } from '../log.ts';
import { isRuntimeError, type SandboxConfig, type SandboxStatus } from '../runtime/contract.ts';
import type { MountedVolume } from '../volumes/index.ts';
import { ConfigError } from './config-error.ts';
import { containerConfig } from './container-config.ts';
import { type PodContainer, targetOf } from './container-role.ts';
import type { PodContext } from './context.ts';
import { runHook } from './hooks.ts';
import { ImageError } from './image-puller.ts';
import { pullCredentials } from './pull-credentials.ts';
import { ephemeralRefusal } from './unsupported.ts';

export interface StartRequest extends PodContainer {
  pod: Pod;
  /** The run whose processes it shares; null when that one is not there. */
  target: string | null | undefined;
  /** Path for events. */
  field: string;
  restartCount: number;
  sandbox: SandboxStatus;
  sandboxConfig: SandboxConfig;
  podIPs: readonly string[];
  volumes: ReadonlyMap<string, MountedVolume>;
  signal: AbortSignal;
}

/** Why a container waits; another attempt makes sense after `retryAfter` milliseconds. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly reason: string;
  readonly retryAfter: number;
  constructor(reason: string, message: string, retryAfter = 10_000) {
    super(message);
    this.reason = reason;
    this.retryAfter = retryAfter;
  }
}

/** Answers the new container's id when it runs and its postStart hook is done. Throws StartError. */
export async function startContainer(context: PodContext, request: StartRequest): Promise<string> {
  const { pod, container, field, signal } = request;
  const { events, runtime } = context;
  const fail = (reason: string, error: unknown, shown?: string): never => {
    if (signal.aborted || isRuntimeError(error, 'Unavailable')) throw error;
    const message = isRuntimeError(error) ? error.details : messageOf(error);
    events.pod(pod, 'Warning', 'Failed', `Error: ${shown ?? message}`, field);
    throw new StartError(reason, message, error instanceof ImageError ? error.retryAfter : undefined);
  };
  if (request.role === 'ephemeral') {
    const refusal = ephemeralRefusal(container);
    if (refusal !== undefined) fail('CreateContainerConfigError', new ConfigError(refusal));
  }
  if (request.target === null)
    fail('CreateContainerConfigError', new ConfigError(`unable to find target container ${targetOf(container)}`));
  const credentials = (registry: string) => pullCredentials(pod, context.objects, registry);
  const image = await context.images
    .ensure({ pod, container, field, credentials, signal })
    .catch((error: unknown) =>
      error instanceof ImageError ? fail(error.reason, error, error.reason) : fail('ErrImagePull', error),
    );
  const config = await containerConfig({ ...request, image, context }).catch((error: unknown) =>
    fail('CreateContainerConfigError', error),
  );
  if (signal.aborted) throw signal.reason;
  const id = await runtime
    .createContainer(request.sandbox.id, config, request.sandboxConfig)
    .catch((error: unknown) => fail('CreateContainerError', error));
  events.pod(pod, 'Normal', 'Created', 'Container created', field);
  await runtime.startContainer(id).catch((error: unknown) => fail('RunContainerError', error));
  events.pod(pod, 'Normal', 'Started', 'Container started', field);
  await postStart(context, request, id);
  return id;
}

async function postStart(context: PodContext, request: StartRequest, id: string): Promise<void> {
  const { pod, container, field, podIPs, signal } = request;
  const handler = container.lifecycle?.postStart;
  if (handler === undefined || !context.real) return;
  try {
    await runHook(context, { handler, container, containerId: id, podIP: podIPs[0] ?? '', timeout: 0, signal });
  } catch (error) {
    if (signal.aborted) throw error;
    context.events.pod(pod, 'Warning', 'FailedPostStartHook', 'PostStartHook failed', field);
    context.events.pod(pod, 'Normal', 'Killing', 'FailedPostStartHook', field);
    await context.runtime.stopContainer(id, pod.spec?.terminationGracePeriodSeconds ?? 30);
    throw new StartError('PostStartHookError', messageOf(error));
  }
}
