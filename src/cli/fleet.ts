/** The fleet of a running control plane, as its administrator sees it. */
import { type ApiTarget, apiRequest, messageOf, UserError } from '../emulator/index.ts';
import type { CommandContext } from './command.ts';

/** As the control plane describes it. */
export interface FleetCluster {
  name: string;
  apiOnly: boolean;
  hostname?: string;
  createdAt: string;
  /** Prefix of the cluster's API on the server. */
  path: string;
}

/** One request about one cluster; throws UserError with the server's message. `path` follows the collection's. */
export async function fleetRequest(
  target: ApiTarget,
  path: string,
  options: { method?: string; body?: unknown } = {},
): Promise<FleetCluster> {
  return ask<FleetCluster>(target, path, options);
}

/** The API of the cluster that `--cluster` names, which must exist; the first cluster without the flag. */
export async function fleetTarget(target: ApiTarget, context: CommandContext): Promise<ApiTarget> {
  const { cluster } = context.flags;
  if (cluster === undefined) return target;
  const { path } = await fleetRequest(target, `/${encodeURIComponent(String(cluster))}`);
  return { ...target, server: `${target.server}${path}` };
}

/** All clusters besides the default one. */
export async function listFleet(target: ApiTarget): Promise<FleetCluster[]> {
  const all: FleetCluster[] = [];
  let query = '';
  for (;;) {
    const page = await ask<{ clusters: FleetCluster[]; continue?: string }>(target, query, {});
    all.push(...page.clusters);
    if (page.continue === undefined) return all;
    query = `?continue=${encodeURIComponent(page.continue)}`;
  }
}

async function ask<T>(target: ApiTarget, path: string, options: { method?: string; body?: unknown }): Promise<T> {
  const reply = await apiRequest(target, `/kedge/v1/clusters${path}`, { ...options, timeout: 30_000 });
  if (reply.status >= 200 && reply.status < 300) return JSON.parse(reply.body) as T;
  throw new UserError(messageOf(reply.body) ?? `the control plane answered ${reply.status}`);
}
