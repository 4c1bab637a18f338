import { createJoinToken } from '../../emulator/index.ts';
import { CLUSTER_FLAGS, FLEET_FLAG, OUTPUT_FLAG } from '../cluster-flags.ts';
import { defineCommand } from '../command.ts';
import { fleetTarget } from '../fleet.ts';
import { runningCluster, wantsJson } from '../local-cluster.ts';
import { secondsOf } from '../parse.ts';

/** Makes a join token. Upstream: kubeadm token create. */
export const tokenCreate = defineCommand({
  path: ['token', 'create'],
  summary: 'Make a token with which a node joins',
  flags: {
    ...CLUSTER_FLAGS,
    ...OUTPUT_FLAG,
    ...FLEET_FLAG,
    ttl: { type: 'string', value: 'D', description: 'How long it is valid', default: '24h' },
  },
  async run(context) {
    const target = await fleetTarget(runningCluster(context).target, context);
    const token = await createJoinToken(target, secondsOf('ttl', String(context.flags.ttl)));
    const join = `kedge node join ${target.server} --token ${token}`;
    context.print(wantsJson(context) ? JSON.stringify({ token, join }) : token);
    return 0;
  },
});
