import { CLUSTER_FLAGS, OUTPUT_FLAG } from '../cluster-flags.ts';
import { defineCommand } from '../command.ts';
import { fleetRequest } from '../fleet.ts';
import { runningCluster, wantsJson } from '../local-cluster.ts';

/** Deletes a cluster of the control plane that runs, with everything in it. */
export const clusterDelete = defineCommand({
  path: ['cluster', 'delete'],
  summary: 'Delete a cluster of a running control plane, with everything in it',
  positional: ['CLUSTER'],
  flags: { ...CLUSTER_FLAGS, ...OUTPUT_FLAG },
  async run(context) {
    const { target } = runningCluster(context);
    const gone = await fleetRequest(target, `/${encodeURIComponent(String(context.arguments[0]))}`, {
      method: 'DELETE',
    });
    context.print(wantsJson(context) ? JSON.stringify(gone) : `Cluster ${gone.name} is deleted`);
    return 0;
  },
});
