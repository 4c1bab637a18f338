/** The Worker of this tier: Storage and tunnel objects, and consumers that note what they are given. */
import type { Change } from '../../src/storage/contract.ts';
import { ControllersObject } from '../../src/worker/controllers-object.ts';
import { SchedulerObject } from '../../src/worker/scheduler-object.ts';

export { FleetObject } from '../../src/worker/fleet-object.ts';
export { NodeTunnelObject } from '../../src/worker/node-tunnel-object.ts';
export { StorageObject } from '../../src/worker/storage-object.ts';

interface Received {
  changes: string[];
  failures: number;
}

/** Clusters whose consumers do their work instead of only noting what they are given. */
const isLive = (name: string | undefined): boolean => name?.startsWith('live-') ?? false;

function note(received: Received, shard: string, changes: readonly Change[]): void {
  if (received.failures-- > 0) throw new Error('this delivery fails');
  for (const { type, key, revision } of changes) received.changes.push(`${shard} ${type} ${key.name}@${revision}`);
}

export class ControllersRecorder extends ControllersObject {
  readonly #received: Received = { changes: [], failures: 0 };

  /** The next `count` deliveries fail. */
  async fail(count: number): Promise<void> {
    this.#received.failures = count;
  }

  override async deliver(shard: string, changes: Change[]): Promise<void> {
    note(this.#received, shard, changes);
    if (isLive(this.ctx.id.name)) await super.deliver(shard, changes);
  }

  async received(): Promise<string[]> {
    return this.#received.changes;
  }

  override async nodeChanged(node: string): Promise<void> {
    if (isLive(this.ctx.id.name)) await super.nodeChanged(node);
  }
}

export class SchedulerRecorder extends SchedulerObject {
  readonly #received: Received = { changes: [], failures: 0 };

  /** The next `count` deliveries fail. */
  async fail(count: number): Promise<void> {
    this.#received.failures = count;
  }

  override async deliver(shard: string, changes: Change[]): Promise<void> {
    note(this.#received, shard, changes);
    if (isLive(this.ctx.id.name)) await super.deliver(shard, changes);
  }

  async received(): Promise<string[]> {
    return this.#received.changes;
  }
}

export default {
  fetch: () => new Response('storage only', { status: 404 }),
} satisfies ExportedHandler;
