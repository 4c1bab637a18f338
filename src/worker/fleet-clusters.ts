/** Making, listing and deleting clusters of the fleet. */
import type { Clock } from '../base/clock.ts';
import { nodes } from '../kinds/index.ts';
import { DEFAULT_SHARD_MAP, shardNames } from '../storage/index.ts';
import { isApiOnly } from './cluster-id.ts';
import { createClusterStore } from './cluster-server.ts';
import type { Env } from './env.ts';
import type { Fleet } from './fleet.ts';
import { pokeCluster } from './watchdog-poke.ts';

/** Deleted clusters that one run of the watchdog looks after. */
const MAX_DELETED = 200;
/** Clusters that are poked at the same time. */
const PARALLEL = 20;
/** Clusters that one run of the watchdog pokes at most; the next runs take the others. */
const MAX_POKES = 1_000;
/** Longer than any isolate believes in a cluster: what was written after the first erasure is erased by the second. */
const SETTLED_AFTER_MS = 90_000;

/**
 * Erases the storage of a deleted cluster. Safe to repeat; throws when an object could not be erased, and then the
 * watchdog tries again.
 */
export async function eraseCluster(env: Env, id: string): Promise<void> {
  const store = createClusterStore(env, id);
  const page = await store.shardOf(nodes.storedAs).list({ resource: nodes.storedAs });
  const names = page.ok ? namesOf(page.text) : [];
  // Those that write go first.
  if (!isApiOnly(env, id)) {
    await Promise.all([env.CONTROLLERS.getByName(id).erase(), env.SCHEDULER.getByName(id).erase()]);
  }
  await Promise.all([
    ...shardNames(DEFAULT_SHARD_MAP).map((shard) => env.STORAGE.getByName(`${id}/${shard}`).erase()),
    env.AUDIT?.getByName(id).erase(),
    ...names.map((node) => env.NODE_TUNNEL.getByName(`${id}/${node}`).erase()),
  ]);
}

function namesOf(list: string): string[] {
  const objects = JSON.parse(`[${list}]`) as { metadata: { name: string } }[];
  return objects.map(({ metadata }) => metadata.name);
}

/** Erases what deleted clusters have left, and forgets those that have nothing more. */
export async function cleanFleet(env: Env, fleet: Fleet, clock: Clock): Promise<void> {
  for (const { id, deletedAt } of await fleet.deleted(MAX_DELETED)) {
    await eraseCluster(env, id);
    if (clock.now() - deletedAt > SETTLED_AFTER_MS) await fleet.forget(id);
  }
}

/** Pokes the clusters of the fleet; of very many, a part each time, in turn. */
export async function pokeFleet(env: Env, fleet: Fleet): Promise<void> {
  const due = await fleet.takeTurn(MAX_POKES);
  const ids = due.flatMap(({ id, apiOnly }) => (apiOnly ? [] : [id]));
  for (let i = 0; i < ids.length; i += PARALLEL) {
    await Promise.all(ids.slice(i, i + PARALLEL).map((id) => pokeCluster(env, id)));
  }
}
