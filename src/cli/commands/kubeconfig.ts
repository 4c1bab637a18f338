import { mergeKubeconfig, renderKubeconfig } from '../../emulator/index.ts';
import { CLUSTER_FLAGS, FLEET_FLAG } from '../cluster-flags.ts';
import { defineCommand } from '../command.ts';
import { fleetTarget } from '../fleet.ts';
import { runningCluster } from '../local-cluster.ts';

/** Prints the kubeconfig of a running cluster, or merges it into the user's own. */
export const kubeconfig = defineCommand({
  path: ['kubeconfig'],
  summary: 'Print the kubeconfig of a local cluster',
  flags: {
    ...CLUSTER_FLAGS,
    ...FLEET_FLAG,
    merge: { type: 'boolean', description: "Add it to the user's own kubeconfig instead" },
  },
  async run(context) {
    const { state, target } = runningCluster(context);
    const { cluster } = context.flags;
    const name = cluster === undefined ? `kedge-${state.name}` : `kedge-${state.name}-${cluster}`;
    const options = { name, ...(await fleetTarget(target, context)) };
    if (context.flags.merge) {
      context.print(`Context ${options.name} is current in ${mergeKubeconfig(options)}`);
    } else {
      context.print(renderKubeconfig(options).trimEnd());
    }
    return 0;
  },
});
