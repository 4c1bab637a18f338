import { createMemoryShard } from '../../src/storage/index.ts';
import { createLocalShard, type LocalShard } from '../../src/storage/local-shard.ts';
import { SqliteEngine } from '../../src/storage/sqlite-engine.ts';
import { contractSuite } from './contract-suite.ts';
import { openMirrored } from './mirrored-shard.ts';
import { type NodeSql, openNodeSql } from './node-sql.ts';

contractSuite({ name: 'memory', open: () => createMemoryShard() });

const databases = new WeakMap<LocalShard, NodeSql>();

function openOn(sql: NodeSql): LocalShard {
  const shard = createLocalShard({ engine: new SqliteEngine(sql) });
  databases.set(shard, sql);
  return shard;
}

contractSuite({
  name: 'SQLite',
  open: () => openOn(openNodeSql()),
  reopen: (shard) => openOn(databases.get(shard)!),
});

function openMirroredOn(sql: NodeSql, former?: LocalShard): LocalShard {
  const shard = openMirrored(new SqliteEngine(sql), former);
  databases.set(shard, sql);
  return shard;
}

contractSuite({
  name: 'SQLite with a mirror',
  open: () => openMirroredOn(openNodeSql()),
  reopen: (shard) => openMirroredOn(databases.get(shard)!, shard),
});
