import { CLUSTER_FLAGS, OUTPUT_FLAG } from '../cluster-flags.ts';
import { defineCommand } from '../command.ts';
import { listFleet } from '../fleet.ts';
import { runningCluster, wantsJson } from '../local-cluster.ts';

/** Lists the clusters of the control plane that runs, besides its default one. */
export const clusterList = defineCommand({
  path: ['cluster', 'list'],
  summary: 'List the clusters of a running control plane, besides its first',
  flags: { ...CLUSTER_FLAGS, ...OUTPUT_FLAG },
  async run(context) {
    const { target } = runningCluster(context);
    const clusters = await listFleet(target);
    if (wantsJson(context)) {
      context.print(JSON.stringify(clusters.map((each) => ({ ...each, server: `${target.server}${each.path}` }))));
      return 0;
    }
    if (clusters.length === 0)
      context.print('No clusters besides the first; make one with: kedge cluster create CLUSTER');
    for (const { name, apiOnly, hostname, path } of clusters) {
      const notes = [...(apiOnly ? ['API only'] : []), ...(hostname === undefined ? [] : [`at ${hostname}`])];
      context.print(`${name}: ${target.server}${path}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`);
    }
    return 0;
  },
});
