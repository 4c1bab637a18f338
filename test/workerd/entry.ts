/** The Worker of this tier: Storage and tunnel objects, and consumers that note what they are given. */
import { DurableObject } from 'cloudflare:workers';
import type { Change } from '../../src/storage/contract.ts';

export { FleetObject } from '../../src/worker/fleet-object.ts';
export { NodeTunnelObject } from '../../src/worker/node-tunnel-object.ts';
export { StorageObject } from '../../src/worker/storage-object.ts';

class Recorder extends DurableObject {
  readonly #changes: string[] = [];
  #failures = 0;

  /** The next `count` deliveries fail. */
  async fail(count: number): Promise<void> {
    this.#failures = count;
  }

  async deliver(shard: string, changes: Change[]): Promise<void> {
    if (this.#failures-- > 0) throw new Error('this delivery fails');
    for (const { type, key, revision } of changes) this.#changes.push(`${shard} ${type} ${key.name}@${revision}`);
  }

  async received(): Promise<string[]> {
    return this.#changes;
  }
}

export class ControllersRecorder extends Recorder {
  async nodeChanged(): Promise<void> {}
}
export class SchedulerRecorder extends Recorder {}

export default {
  fetch: () => new Response('storage only', { status: 404 }),
} satisfies ExportedHandler;
