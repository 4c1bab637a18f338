import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ApiTarget,
  type ClusterPaths,
  type ClusterState,
  clusterPaths,
  readRunningState,
  UserError,
} from '../emulator/index.ts';
import { type CommandContext, UsageError } from './command.ts';

const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Name and data folder of the cluster that the flags mean. */
export function clusterOf(context: CommandContext): { name: string; data: string } {
  const name = String(context.flags.name);
  if (!NAME.test(name)) throw new UsageError(`"${name}" is not a cluster name: use lower case letters, digits and "-"`);
  return { name, data: String(context.flags.data) };
}

/** The running cluster that the flags mean; throws UserError when it does not run. */
export function runningCluster(context: CommandContext): { state: ClusterState; target: ApiTarget } {
  const { name, data } = clusterOf(context);
  const paths = clusterPaths(data, name);
  const state = readRunningState(paths.state);
  if (!state)
    throw new UserError(`Cluster ${name} does not run here (${paths.root}); start it with: kedge up --name ${name}`, 3);
  return { state, target: targetOf(state, paths) };
}

/** How the administrator of a running local cluster reaches it. */
export function targetOf(state: ClusterState, paths: ClusterPaths): ApiTarget {
  return {
    server: `https://${state.host}:${state.port}`,
    ca: readFileSync(join(paths.tls, 'ca.crt'), 'utf8'),
    token: readFileSync(paths.adminToken, 'utf8').trim(),
  };
}

/** Whether JSON is asked for; throws UsageError for an unknown format. */
export function wantsJson(context: CommandContext): boolean {
  const format = context.flags.output;
  if (format !== 'text' && format !== 'json') throw new UsageError(`flag --output takes text or json, not "${format}"`);
  return format === 'json';
}
