import { systemClock } from '../base/clock.ts';
import type { Env } from './env.ts';
import { openFleet } from './open-fleet.ts';

/** The answer to the call goes out before the object is reset. */
const RESET_AFTER_MS = 50;

/**
 * Erases everything that an object keeps, and has it start anew, so that nothing of it stays in memory. Refuses unless
 * the fleet says that its cluster was deleted: no caller can erase a cluster that exists.
 */
export async function eraseObject(ctx: DurableObjectState, env: Env): Promise<void> {
  const [cluster = ''] = (ctx.id.name ?? '').split('/');
  if (!(await openFleet(env)?.isDeleted(cluster))) throw new Error(`cluster ${cluster} was not deleted`);
  await ctx.storage.deleteAlarm();
  await ctx.storage.deleteAll();
  systemClock.after(RESET_AFTER_MS, () => ctx.abort(`cluster ${cluster} was deleted`));
}
