/** Making, listing and deleting clusters of the fleet. */
import type { Clock } from '../base/clock.ts';
import { nodes } from '../kinds/index.ts';
import { DEFAULT_SHARD_MAP, shardNames } from '../storage/index.ts';
import { isApiOnly } from './cluster-id.ts';
import { createClusterStore } from './cluster-server.ts';
import type { Env } from './env.ts';
import type { Fleet } from './fleet.ts';
import { pokeCluster } from './watchdog-poke.ts';

/** Rows of the fleet that are read at a time. */
const PAGE = 200;
/** Clusters that are poked at the same time. */
const PARALLEL = 20;
/** Clusters that one run of the watchdog pokes at most; the next runs take the others. */
const MAX_POKES = 1_000;
const WATCHDOG_INTERVAL_MS = 60_000;
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
    ...names.map((node) => env.NODE_TUNNEL.getByName(`${id}/${node}`).erase()),
  ]);
}

function namesOf(list: string): string[] {
  const objects = JSON.parse(`[${list}]`) as { metadata: { name: string } }[];
  return objects.map(({ metadata }) => metadata.name);
}

/** Erases what deleted clusters have left, and forgets those that have nothing more. */
export async function cleanFleet(env: Env, fleet: Fleet, clock: Clock): Promise<void> {
  for (const { id, deletedAt } of await fleet.deleted(PAGE)) {
    await eraseCluster(env, id);
    if (clock.now() - deletedAt > SETTLED_AFTER_MS) await fleet.forget(id);
  }
}

/** Pokes the clusters of the fleet; of very many, a part each time, in turn. */
export async function pokeFleet(env: Env, fleet: Fleet, clock: Clock): Promise<void> {
  const ids: string[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await fleet.list({ limit: PAGE, ...(after === undefined ? {} : { after }) });
    ids.push(...page.flatMap(({ id, apiOnly }) => (apiOnly ? [] : [id])));
    if (page.length < PAGE) break;
    after = page.at(-1)?.name;
  }
  const turns = Math.max(1, Math.ceil(ids.length / MAX_POKES));
  const turn = Math.floor(clock.now() / WATCHDOG_INTERVAL_MS) % turns;
  const due = ids.slice(turn * MAX_POKES, (turn + 1) * MAX_POKES);
  for (let i = 0; i < due.length; i += PARALLEL) {
    await Promise.all(due.slice(i, i + PARALLEL).map((id) => pokeCluster(env, id)));
  }
}
