import type { Env } from './env.ts';
import { DEFAULT_CLUSTER } from './settings.ts';

/** Pokes the objects of every cluster, so that work whose alarm or delivery got stuck goes on. Idle objects find nothing to do. */
export async function runWatchdog(env: Env): Promise<void> {
  if (env.KEDGE_API_ONLY === 'true') return;
  await pokeCluster(env, DEFAULT_CLUSTER);
}

/** Pokes controllers and scheduler of one cluster; a failure of one does not keep the other from it. */
export async function pokeCluster(env: Env, cluster: string): Promise<void> {
  await Promise.allSettled([env.CONTROLLERS.getByName(cluster).poke(), env.SCHEDULER.getByName(cluster).poke()]);
}
