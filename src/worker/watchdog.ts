import { systemClock } from '../base/clock.ts';
import type { Env } from './env.ts';
import { cleanFleet, pokeFleet } from './fleet-clusters.ts';
import { createConsoleLogger } from './log.ts';
import { openFleet } from './open-fleet.ts';
import { DEFAULT_CLUSTER } from './settings.ts';
import { pokeCluster } from './watchdog-poke.ts';

/**
 * Pokes the objects of every cluster, so that work whose alarm or delivery got stuck goes on, and finishes deletions.
 * Idle objects find nothing to do.
 */
export async function runWatchdog(env: Env): Promise<void> {
  await pokeCluster(env, DEFAULT_CLUSTER);
  const fleet = openFleet(env);
  if (!fleet) return;
  const log = createConsoleLogger(systemClock, { component: 'watchdog' });
  const noted = (work: Promise<void>) =>
    work.catch((error: unknown) => log.error('the fleet was not looked after', { error: String(error) }));
  await noted(pokeFleet(env, fleet));
  await noted(cleanFleet(env, fleet, systemClock));
}
