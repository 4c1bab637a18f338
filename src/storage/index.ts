export { createMemoryShard, createMemoryStore, type MemoryShardOptions } from './memory-store.ts';
export { DEFAULT_SHARD_MAP, type ShardMap, shardNameOf, shardNames } from './shard-map.ts';
