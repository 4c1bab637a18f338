/** Taking a pod down. */
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Pod } from '../../kinds/index.ts';
import type { ContainerRuntime } from '../runtime/contract.ts';
import { containerNamed, fieldOf } from './container-role.ts';
import type { PodContext } from './context.ts';
import { killContainer } from './kill-container.ts';
import { TERMINATION_FILE } from './labels.ts';
import type { Observed, ObservedContainer } from './observed.ts';
import { isSidecar } from './plan.ts';
import { podLogFolder } from './sandbox-config.ts';

export interface EndOptions {
  pod: Pod;
  observed: Observed;
  /** Seconds. */
  grace: number;
  podIP: string;
  /** Start of the Killing event's text. */
  message: string;
  signal: AbortSignal;
}

/** Stops the containers (sidecars last, the last one first), then the sandboxes. */
export async function stopPod(context: PodContext, options: EndOptions): Promise<void> {
  const { pod, observed, grace, podIP, message, signal } = options;
  const deadline = context.clock.now() + grace * 1000;
  const sidecars = (pod.spec?.initContainers ?? []).filter(isSidecar);
  const kill = async (run: ObservedContainer): Promise<void> => {
    const found = containerNamed(pod, run.name);
    const left = Math.max(1, Math.ceil((deadline - context.clock.now()) / 1000));
    const field = found && fieldOf(found);
    const text = `${message} ${run.name}`;
    const container = found?.container;
    await killContainer(context, { pod, container, status: run, message: text, grace: left, field, podIP, signal });
  };
  const alive = [...observed.containers.values()].flatMap((runs) =>
    runs.filter((run) => run.state === 'running' || run.state === 'unknown'),
  );
  const isSide = (run: ObservedContainer): boolean => sidecars.some((container) => container.name === run.name);
  await Promise.all(alive.filter((run) => !isSide(run)).map(kill));
  for (const container of [...sidecars].reverse()) {
    for (const run of alive) if (run.name === container.name) await kill(run);
  }
  await Promise.all(
    observed.sandboxes
      .filter((sandbox) => sandbox.state === 'ready')
      .map((sandbox) => context.runtime.stopPodSandbox(sandbox.id)),
  );
}

/** Removes a run with its log, rotated parts included, and the file of its termination message. */
async function removeRun(runtime: ContainerRuntime, run: ObservedContainer): Promise<void> {
  await runtime.removeContainer(run.id);
  const message = run.annotations[TERMINATION_FILE];
  if (message !== undefined) await rm(message, { force: true });
  if (run.logPath === '') return;
  const folder = dirname(run.logPath);
  const name = basename(run.logPath);
  for (const file of await readdir(folder).catch(() => []))
    if (file === name || file.startsWith(`${name}.`)) await rm(join(folder, file), { force: true });
}

/** Keeps two runs of each container (the current and the last) and the newest sandbox. */
export async function collectOldRuns(runtime: ContainerRuntime, observed: Observed): Promise<void> {
  const kept = new Set<string>();
  for (const runs of observed.containers.values()) {
    for (const [index, run] of runs.entries()) {
      if (index > 1 && run.state === 'exited') await removeRun(runtime, run);
      else kept.add(run.sandboxId);
    }
  }
  for (const [index, sandbox] of observed.sandboxes.entries()) {
    if (index > 0 && sandbox.state === 'notReady' && !kept.has(sandbox.id)) await runtime.removePodSandbox(sandbox.id);
  }
}

/** Removes sandboxes with their containers, and the logs. */
export async function removePodRemains(context: PodContext, pod: Pod, observed: Observed): Promise<void> {
  await Promise.all(observed.sandboxes.map((sandbox) => context.runtime.removePodSandbox(sandbox.id)));
  if (context.real) await rm(podLogFolder(context.node().logsDir, pod), { recursive: true, force: true });
}
