/** A shard of another object as a `Shard`: calls by RPC, watches by WebSocket. */
import { type Clock, delay, systemClock } from '../base/clock.ts';
import type { ListQuery, ListResult, Shard, WatchQuery } from '../storage/contract.ts';
import type { ShardMirror } from '../storage/shard-mirror.ts';
import type { StorageRpc } from './rpc.ts';
import { ShardWatchStream } from './shard-watch.ts';
import { WATCH_HEADER } from './watch-sockets.ts';

type StorageStub = DurableObjectStub<StorageRpc>;

const ATTEMPTS = 5;
const FIRST_WAIT_MS = 20;

export interface ShardClientOptions {
  clock?: Clock;
  /** The mirror of the shard, where there is one in this isolate. */
  mirror?: () => ShardMirror | undefined;
}

/**
 * A client of the shard that `stub` leads to. `stub` is asked for each attempt: a stub that has thrown stays broken.
 * A call that the platform calls retryable is repeated as it is, so a transaction keeps its id and is applied once
 * (TX-3); a call to an overloaded object never is.
 */
export function createShardClient(
  stub: () => StorageStub,
  { clock = systemClock, mirror = () => undefined }: ShardClientOptions = {},
): Shard {
  const call = <T>(method: (shard: StorageStub) => Promise<T>): Promise<T> => withRetries(() => method(stub()), clock);
  return {
    get: async (key) => mirror()?.get(key) ?? call(async (shard) => shard.get(key)),
    list: (query) => listAll((part) => call(async (shard) => shard.list(part)), query),
    transact: (transaction) => call(async (shard) => shard.transact(transaction)),
    changes: (query) => call(async (shard) => shard.changes(query)),
    revision: () => call(async (shard) => shard.revision()),
    dependents: (owner) => call(async (shard) => shard.dependents(owner)),
    watch: async (query) => mirror()?.watch(query) ?? call(async (shard) => openWatch(shard, query, clock)),
  };
}

async function withRetries<T>(attempt: () => Promise<T>, clock: Clock): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === ATTEMPTS || !isRetryable(error)) throw error;
      await delay(clock, FIRST_WAIT_MS * 2 ** tries);
    }
  }
}

function isRetryable(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { retryable, overloaded } = error as { retryable?: boolean; overloaded?: boolean };
  return retryable === true && overloaded !== true;
}

/** The object bounds the text of one answer; a caller that set no bound of its own gets the pages put together. */
async function listAll(list: (query: ListQuery) => Promise<ListResult>, query: ListQuery): Promise<ListResult> {
  const first = await list(query);
  if (!first.ok || !first.next || query.maxCharacters !== undefined) return first;
  const texts = [first.text];
  let page = first;
  let { count } = first;
  while (page.next && (query.limit === undefined || count < query.limit)) {
    const limit = query.limit === undefined ? {} : { limit: query.limit - count };
    const next = await list({ ...query, ...limit, after: page.next, revision: first.revision });
    if (!next.ok) return next;
    texts.push(next.text);
    count += next.count;
    page = next;
  }
  return { ...page, revision: first.revision, text: texts.join(','), count };
}

async function openWatch(shard: StorageStub, query: WatchQuery, clock: Clock): Promise<ShardWatchStream> {
  const response = await shard.fetch('https://storage/watch', {
    headers: { upgrade: 'websocket', [WATCH_HEADER]: encodeURIComponent(JSON.stringify(query)) },
  });
  const socket = response.webSocket;
  if (!socket) throw new Error(`storage refused a watch: ${response.status} ${await response.text()}`);
  return new ShardWatchStream(socket, query, clock);
}
