import { DEFAULT_SHARD_MAP, shardNames } from '../storage/index.ts';
import { isApiOnly } from './cluster-id.ts';
import type { Env } from './env.ts';

/** Pokes the shards, controllers and scheduler of one cluster; a failure of one does not keep the others from it. */
export async function pokeCluster(env: Env, cluster: string): Promise<void> {
  if (isApiOnly(env, cluster)) return;
  const shards = shardNames(DEFAULT_SHARD_MAP).map((shard) => env.STORAGE.getByName(`${cluster}/${shard}`).poke());
  await Promise.allSettled([
    ...shards,
    env.CONTROLLERS.getByName(cluster).poke(),
    env.SCHEDULER.getByName(cluster).poke(),
  ]);
}
