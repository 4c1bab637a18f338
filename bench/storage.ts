/** Microseconds per storage operation in Node's SQLite: `node bench/storage.ts [objects]`. */
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalShard } from '../src/storage/local-shard.ts';
import { MemoryEngine } from '../src/storage/memory-engine.ts';
import { SqliteEngine } from '../src/storage/sqlite-engine.ts';
import { openNodeSql } from '../test/storage/node-sql.ts';
import { create, encode, podKey, transaction } from '../test/storage/sample.ts';

const COUNT = Number(process.argv[2] ?? 5000);
const sample = {
  data: 'x'.repeat(1500),
  labels: { app: 'web', 'pod-template-hash': 'abcdef' },
  fields: { 'spec.nodeName': 'node-1', 'status.phase': 'Running' },
  indexed: ['spec.nodeName'],
  owners: ['owner-uid'],
};

function measure(name: string, count: number, body: (i: number) => void): void {
  const start = performance.now();
  for (let i = 0; i < count; i++) body(i);
  const micros = ((performance.now() - start) * 1000) / count;
  console.log(`${name.padEnd(32)} ${micros.toFixed(1).padStart(10)} µs`);
}

for (const kind of ['memory', 'sqlite']) {
  const path = join(tmpdir(), `kedge-bench-${process.pid}.sqlite`);
  const engine = kind === 'memory' ? new MemoryEngine() : new SqliteEngine(openNodeSql(path));
  console.log(`${kind}, ${COUNT} objects of 1.7 KB`);
  const key = (i: number) => podKey(`pod-${i}`, `ns-${i % 10}`);
  measure('create', COUNT, (i) => engine.transact(transaction(create(key(i), sample))));
  measure('update (status)', COUNT, (i) =>
    engine.transact(transaction({ type: 'update', key: key(i), object: encode(key(i), sample) })),
  );
  measure('get', COUNT, (i) => engine.get(key(i)));
  measure('list 1000', 50, () => engine.list({ resource: 'pods', limit: 1000 }));
  measure('list one namespace of ten', 20, () => engine.list({ resource: 'pods', namespace: 'ns-3' }));
  const owner = { resource: 'pods', owner: 'owner-uid', limit: 100 };
  measure('list by owner, first 100', 20, () => engine.list(owner));
  const labels = [{ key: 'app', operator: 'in' as const, values: ['none'] }];
  measure('list by label, no match', 20, () => engine.list({ resource: 'pods', labels }));
  measure('read the whole log', 1, () => {
    for (let since = 1, more = true; more; ) {
      const page = engine.events({ since, maxCharacters: 256 * 1024 });
      since = page.through;
      more = page.more;
    }
  });
  const shard = createLocalShard({ engine });
  let lines = 0;
  for (let i = 0; i < 100; i++) {
    const watch = await shard.watch({
      resource: 'pods',
      since: engine.revision(),
      bookmarks: false,
      apiVersion: 'v1',
      kind: 'Pod',
    });
    watch.onFrame = () => void lines++;
    watch.onClose = () => {};
  }
  const start = performance.now();
  for (let i = 0; i < 1000; i++) {
    await shard.transact(transaction({ type: 'update', key: key(i), object: encode(key(i), sample) }));
  }
  console.log(`1000 updates, 100 watchers: ${(performance.now() - start).toFixed(0)} ms, ${lines} frames`);
  measure('compact everything', 1, () => engine.compact(Number.POSITIVE_INFINITY, 1e9));
  rmSync(path, { force: true });
}
