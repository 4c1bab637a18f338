import { CLUSTER_FLAGS, OUTPUT_FLAG } from '../cluster-flags.ts';
import { defineCommand } from '../command.ts';
import { fleetRequest } from '../fleet.ts';
import { runningCluster, wantsJson } from '../local-cluster.ts';

/** Makes another cluster in the control plane that runs. */
export const clusterCreate = defineCommand({
  path: ['cluster', 'create'],
  summary: 'Make another cluster in a running control plane',
  positional: ['CLUSTER'],
  flags: {
    ...CLUSTER_FLAGS,
    ...OUTPUT_FLAG,
    'api-only': { type: 'boolean', description: 'Only the API server: no controllers, scheduler or nodes' },
    hostname: {
      type: 'string',
      value: 'HOST',
      description: 'Host name of its API, besides the path /clusters/CLUSTER',
    },
  },
  async run(context) {
    const { state, target } = runningCluster(context);
    const { hostname } = context.flags;
    const body = {
      name: context.arguments[0],
      apiOnly: context.flags['api-only'] === true,
      ...(hostname === undefined ? {} : { hostname }),
    };
    const made = await fleetRequest(target, '', { method: 'POST', body });
    if (wantsJson(context)) context.print(JSON.stringify({ ...made, server: `${target.server}${made.path}` }));
    else {
      const name = state.name === 'default' ? '' : ` --name ${state.name}`;
      context.print(`Cluster ${made.name} is made: ${target.server}${made.path}`);
      context.print(`Its kubeconfig: kedge kubeconfig --cluster ${made.name}${name}`);
    }
    return 0;
  },
});
