import { DEFAULT_SHARD_MAP, shardNames } from '../storage/index.ts';
import type { Env } from './env.ts';
import { DEFAULT_CLUSTER } from './settings.ts';

/** Pokes the objects of every cluster, so that work whose alarm or delivery got stuck goes on. Idle objects find nothing to do. */
export async function runWatchdog(env: Env): Promise<void> {
  if (env.KEDGE_API_ONLY === 'true') return;
  await pokeCluster(env, DEFAULT_CLUSTER);
}

/** Pokes the shards, controllers and scheduler of one cluster; a failure of one does not keep the others from it. */
export async function pokeCluster(env: Env, cluster: string): Promise<void> {
  const shards = shardNames(DEFAULT_SHARD_MAP).map((shard) => env.STORAGE.getByName(`${cluster}/${shard}`).poke());
  await Promise.allSettled([
    ...shards,
    env.CONTROLLERS.getByName(cluster).poke(),
    env.SCHEDULER.getByName(cluster).poke(),
  ]);
}
