import { DurableObject } from 'cloudflare:workers';
import { systemClock } from '../base/clock.ts';
import type { Env } from './env.ts';
import { openFleet } from './open-fleet.ts';

/** The answer to the call goes out before the object is reset. */
const RESET_AFTER_MS = 50;

/** An object that belongs to a cluster and goes with it. Its name is the id of the cluster, alone or before a slash. */
export abstract class ErasableObject extends DurableObject<Env> {
  /**
   * Erases everything that the object keeps, and has it start anew, so that nothing stays in memory and no connection
   * open. Throws unless the fleet says that the cluster was deleted: no caller can erase a cluster that exists.
   */
  async erase(): Promise<void> {
    const { ctx, env } = this;
    const [cluster = ''] = (ctx.id.name ?? '').split('/');
    if (!(await openFleet(env)?.isDeleted(cluster))) throw new Error(`cluster ${cluster} was not deleted`);
    await ctx.storage.deleteAlarm();
    await ctx.storage.deleteAll();
    systemClock.after(RESET_AFTER_MS, () => ctx.abort(`cluster ${cluster} was deleted`));
  }
}
