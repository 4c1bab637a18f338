import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { clusterPaths, endOrphans, readRunningState, readState, UserError } from '../../emulator/index.ts';
import { CLUSTER_FLAGS } from '../cluster-flags.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import { clusterOf } from '../local-cluster.ts';

const STOP_TIMEOUT_MS = 40_000;

/** Stops a running local cluster; its data stays. */
export const down = defineCommand({
  path: ['down'],
  summary: 'Stop a local cluster; its data stays',
  flags: { ...CLUSTER_FLAGS },
  async run(context) {
    const { name } = clusterOf(context);
    context.print((await stop(context)) ? `Cluster ${name} is stopped` : `Cluster ${name} does not run`);
    return 0;
  },
});

/** Stops a local cluster and removes its data. */
export const deleteCluster = defineCommand({
  path: ['delete'],
  summary: 'Stop a local cluster and remove its data',
  flags: { ...CLUSTER_FLAGS },
  async run(context) {
    const { name, data } = clusterOf(context);
    const { root } = clusterPaths(data, name);
    await stop(context);
    const existed = existsSync(root);
    rmSync(root, { recursive: true, force: true });
    context.print(existed ? `Cluster ${name} is deleted` : `There is no cluster ${name} in ${data}`);
    return 0;
  },
});

/** Stops what goes on after `kedge up` itself was killed; answers whether there was anything. */
async function stopRemains(paths: { state: string; nodes: string }): Promise<boolean> {
  const last = readState(paths.state);
  if (!last) return false;
  let found = (await endOrphans(last, { stopPods: true })) > 0;
  // Only here, so that `kedge up`, which stays, does not hold the agent's libraries.
  const { endContainerd } = await import('../../agent/index.ts');
  // Where the agent died too, nobody else stops its containers.
  for (const node of last.nodes)
    if (node.kind === 'real' && (await endContainerd(join(paths.nodes, node.name)))) found = true;
  rmSync(paths.state, { force: true });
  return found;
}

async function stop(context: CommandContext): Promise<boolean> {
  const { name, data } = clusterOf(context);
  const file = clusterPaths(data, name).state;
  const running = readRunningState(file);
  if (!running) return stopRemains(clusterPaths(data, name));
  process.kill(running.pid, 'SIGTERM');
  const deadline = performance.now() + STOP_TIMEOUT_MS;
  while (readRunningState(file)?.pid === running.pid) {
    if (performance.now() > deadline)
      throw new UserError(`Cluster ${name} (pid ${running.pid}) did not stop within ${STOP_TIMEOUT_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}
