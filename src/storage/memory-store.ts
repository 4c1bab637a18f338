/** Storage without a disk: for tests in plain Node and for clusters that are thrown away. */
import type { Clock } from '../base/clock.ts';
import type { Shard, Store } from './contract.ts';
import { createLocalShard, type LocalShard } from './local-shard.ts';
import { MemoryEngine } from './memory-engine.ts';
import { DEFAULT_SHARD_MAP, type ShardMap, shardNameOf } from './shard-map.ts';

export interface MemoryShardOptions {
  clock?: Clock;
  /** Milliseconds of history kept while writes go on; five minutes unless given. */
  historyMs?: number;
}

/** An empty shard in memory; its first revision is 1. */
export function createMemoryShard(options: MemoryShardOptions = {}): LocalShard {
  return createLocalShard({ ...options, engine: new MemoryEngine(options.clock) });
}

/** The shards of one cluster in memory, made as they are first asked for. */
export function createMemoryStore(map: ShardMap = DEFAULT_SHARD_MAP, options: MemoryShardOptions = {}): Store {
  const shards = new Map<string, Shard>();
  return {
    shardOf(resource) {
      const name = shardNameOf(map, resource);
      const shard = shards.get(name) ?? createMemoryShard(options);
      shards.set(name, shard);
      return shard;
    },
  };
}
