export type { LocalShard } from './local-shard.ts';
export { createLocalShard } from './local-shard.ts';
export { createMemoryShard, createMemoryStore, type MemoryShardOptions } from './memory-store.ts';
export { DEFAULT_SHARD_MAP, type ShardMap, shardNameOf, shardNames } from './shard-map.ts';
export { SqliteEngine } from './sqlite-engine.ts';
