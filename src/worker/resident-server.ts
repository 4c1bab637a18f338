/** The API server inside the object of a shard: it answers the writes that concern the shard (storage-answer.ts). */
import type { Server } from '../server/contract.ts';
import type { Shard } from '../storage/contract.ts';
import type { ShardEngine } from '../storage/engine.ts';
import { joinPage } from '../storage/list-page.ts';
import { createClusterServer } from './cluster-server.ts';
import type { Env } from './env.ts';
import { TRACKED_HEADER } from './storage-answer.ts';
import type { TransactionBatch } from './transaction-batch.ts';

export interface ResidentOptions {
  env: Env;
  cluster: string;
  /** The shard that the object holds. */
  shard: string;
  engine: ShardEngine;
  batch: TransactionBatch;
}

/** What answers requests in the object; the server is made for the first one. */
export function createResidentServer(options: ResidentOptions): (request: Request) => Promise<Response> {
  const { env, cluster, engine, batch } = options;
  let server: Server | undefined;
  return async (request) => {
    server ??= createClusterServer(env, cluster, { name: options.shard, shard: residentShard(options) });
    const leave = batch.enter();
    try {
      if (options.shard !== 'main') return await server.fetch(request);
      // What came by RPC meanwhile counts for this request too.
      server.observe(engine.tracked());
      const response = await server.fetch(request);
      response.headers.set(TRACKED_HEADER, String(engine.tracked()));
      return response;
    } finally {
      leave();
    }
  };
}

/** The same as by RPC, without the way. It opens no watches: those are WebSockets. */
function residentShard({ engine, batch }: ResidentOptions): Shard {
  return {
    get: async (key) => engine.get(key),
    list: async (query) => joinPage(engine.list(query)),
    transact: (transaction) => batch.submit(transaction),
    changes: async (query) => engine.changes(query),
    revision: async () => engine.revision(),
    dependents: async (owner) => engine.dependents(owner),
    watch: async () => {
      throw new Error('a watch is opened by the Worker');
    },
  };
}
