import { configurationRequest, setConfiguration } from '../../emulator/index.ts';
import { CLUSTER_FLAGS, FLEET_FLAG } from '../cluster-flags.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import { fleetTarget } from '../fleet.ts';
import { runningCluster } from '../local-cluster.ts';

const flags = { ...CLUSTER_FLAGS, ...FLEET_FLAG };
const targetOf = (context: CommandContext) => fleetTarget(runningCluster(context).target, context);

/** Sets a configuration of a running cluster; it is in force within a second. */
export const configSet = defineCommand({
  path: ['config', 'set'],
  summary: 'Set authentication, authorization, pod-security, audit-policy or audit-webhook of a cluster from a file',
  positional: ['NAME', 'FILE'],
  flags,
  async run(context) {
    const [name = '', file = ''] = context.arguments;
    await setConfiguration(await targetOf(context), name, file);
    context.print(`${name} is set`);
    return 0;
  },
});

/** Shows what is set, as JSON. */
export const configGet = defineCommand({
  path: ['config', 'get'],
  summary: 'Show the configurations of a cluster',
  flags,
  async run(context) {
    const body = await configurationRequest(await targetOf(context), '');
    context.print(JSON.stringify((JSON.parse(body) as { configurations: unknown[] }).configurations, null, 2));
    return 0;
  },
});

/** Takes a configuration away. */
export const configUnset = defineCommand({
  path: ['config', 'unset'],
  summary: 'Take a configuration of a cluster away',
  positional: ['NAME'],
  flags,
  async run(context) {
    const [name = ''] = context.arguments;
    await configurationRequest(await targetOf(context), name, { method: 'DELETE' });
    context.print(`${name} is not set any more`);
    return 0;
  },
});
