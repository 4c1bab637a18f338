import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { clusterPaths, UserError } from '../../emulator/index.ts';
import { CLUSTER_FLAGS, OUTPUT_FLAG } from '../cluster-flags.ts';
import { defineCommand } from '../command.ts';
import { runningCluster, wantsJson } from '../local-cluster.ts';

/** Puts the images of an archive into the real nodes of a local cluster. Upstream: kind load image-archive. */
export const imageLoad = defineCommand({
  path: ['image', 'load'],
  summary: 'Load an OCI or docker image archive into the nodes',
  positional: ['FILE'],
  flags: {
    ...CLUSTER_FLAGS,
    ...OUTPUT_FLAG,
    'state-dir': {
      type: 'string',
      value: 'DIR',
      description: 'State folder of a joined node instead of a local cluster',
    },
  },
  async run(context) {
    const file = resolve(context.arguments[0] as string);
    if (!existsSync(file)) throw new UserError(`There is no file ${file}`);
    // Only here, so that `kedge up`, which stays, does not hold the agent's libraries.
    const { loadImage } = await import('../../agent/index.ts');
    const loaded: string[] = [];
    for (const stateDir of stateDirs(context.flags, () => runningCluster(context).state))
      loaded.push(...(await loadImage(stateDir, file)));
    const images = [...new Set(loaded)];
    if (wantsJson(context)) context.print(JSON.stringify({ images }));
    else for (const image of images) context.print(`Loaded ${image}`);
    return 0;
  },
});

function stateDirs(
  flags: Record<string, unknown>,
  running: () => { name: string; nodes: { name: string; kind: string }[] },
): string[] {
  if (flags['state-dir'] !== undefined) return [resolve(String(flags['state-dir']))];
  const state = running();
  const { nodes } = clusterPaths(String(flags.data), state.name);
  const dirs = state.nodes.filter((node) => node.kind === 'real').map((node) => resolve(nodes, node.name));
  if (dirs.length === 0) throw new UserError(`Cluster ${state.name} has no real node here that could hold images`);
  return dirs;
}
