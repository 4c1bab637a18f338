import { drizzle } from 'drizzle-orm/d1';
import type { Env } from './env.ts';
import { createFleet, type Fleet } from './fleet.ts';

/** The fleet of this deployment: in D1, else in an object; undefined where neither is bound and only the default cluster exists. */
export function openFleet(env: Env): Fleet | undefined {
  if (env.FLEET) return createFleet(drizzle(env.FLEET));
  return env.FLEET_OBJECT?.getByName('fleet') as Fleet | undefined;
}
