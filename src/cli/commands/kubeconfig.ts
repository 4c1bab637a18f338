import { homedir } from 'node:os';
import { join } from 'node:path';
import { mergeKubeconfig, renderKubeconfig } from '../../emulator/index.ts';
import { CLUSTER_FLAGS } from '../cluster-flags.ts';
import { defineCommand } from '../command.ts';
import { runningCluster } from '../local-cluster.ts';

/** Prints the kubeconfig of a running cluster, or merges it into the user's own. */
export const kubeconfig = defineCommand({
  path: ['kubeconfig'],
  summary: 'Print the kubeconfig of a local cluster',
  flags: { ...CLUSTER_FLAGS, merge: { type: 'boolean', description: "Add it to the user's own kubeconfig instead" } },
  async run(context) {
    const { state, target } = runningCluster(context);
    const options = { name: `kedge-${state.name}`, server: target.server, ca: target.ca, token: target.token };
    if (context.flags.merge) {
      const file = process.env.KUBECONFIG?.split(':')[0] || join(homedir(), '.kube', 'config');
      mergeKubeconfig(file, options);
      context.print(`Context kedge-${state.name} is current in ${file}`);
    } else {
      context.print(renderKubeconfig(options).trimEnd());
    }
    return 0;
  },
});
