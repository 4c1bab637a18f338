/**
 * The id of a cluster names its objects. It is the name for the default cluster; others get a part that is never used
 * twice, so that a cluster of the same name as a deleted one shares nothing with it, not even what is in memory.
 */
import { nameSuffix, type Random } from '../base/random.ts';
import { DEFAULT_CLUSTER } from './settings.ts';

const API_ONLY_MARK = '.api';

/** An id for a new cluster. What it must tell without a look-up is part of it. */
export function newClusterId(random: Random, cluster: { name: string; apiOnly: boolean }): string {
  return `${cluster.name}.${nameSuffix(random, 10)}${cluster.apiOnly ? API_ONLY_MARK : ''}`;
}

/** Whether the cluster runs no controllers, scheduler or nodes. */
export function isApiOnly(env: { KEDGE_API_ONLY?: string }, id: string): boolean {
  if (id === DEFAULT_CLUSTER) return env.KEDGE_API_ONLY === 'true';
  return id.endsWith(API_ONLY_MARK);
}
