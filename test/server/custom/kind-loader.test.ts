import { expect, test } from 'vitest';
import type { CustomResourceDefinition } from '../../../src/kinds/index.ts';
import { createServer } from '../../../src/server/index.ts';
import type { Shard } from '../../../src/storage/contract.ts';
import { createTestCluster, toRequest } from '../../support/cluster.ts';
import { define, definition, openVersion } from './definitions.ts';

const KILOBYTES_1000 = 1_000_000;

function large(plural: string): CustomResourceDefinition {
  const description = 'x'.repeat(KILOBYTES_1000);
  const schema = { openAPIV3Schema: { type: 'object', description } as never };
  return definition({
    names: { plural, kind: `K${plural}` },
    scope: 'Cluster',
    versions: [openVersion('v1', { schema })],
  });
}

test('definitions in use stay loaded, those that are not make room', async () => {
  const cluster = await createTestCluster();
  const names = Array.from({ length: 8 }, (_, index) => `things${index}`);
  for (const name of names) await define(cluster, large(name));
  const reads: string[] = [];
  const { store } = cluster.options;
  const counting = (shard: Shard): Shard => ({
    ...{ list: shard.list.bind(shard), transact: shard.transact.bind(shard), watch: shard.watch.bind(shard) },
    ...{ changes: shard.changes.bind(shard), revision: shard.revision.bind(shard) },
    get(key) {
      if (key.resource.startsWith('customresourcedefinitions')) reads.push(key.name);
      return shard.get(key);
    },
  });
  const shards = new Map<Shard, Shard>();
  const server = createServer({
    ...cluster.options,
    store: {
      shardOf(resource) {
        const shard = store.shardOf(resource);
        if (!shards.has(shard)) shards.set(shard, counting(shard));
        return shards.get(shard)!;
      },
    },
  });
  const ask = async (name: string): Promise<number> =>
    (await server.fetch(toRequest(`GET /apis/example.com/v1/${name}`, {}))).status;
  for (const name of ['things0', 'things1', 'things0', 'things1']) expect(await ask(name)).toBe(200);
  expect(reads).toEqual(['things0.example.com', 'things1.example.com']);
  // One stays in use while all others pass.
  for (const name of names) {
    expect(await ask(name)).toBe(200);
    expect(await ask('things0')).toBe(200);
  }
  reads.length = 0;
  await ask('things0');
  expect(reads).toEqual([]);
  await ask('things1');
  expect(reads).toEqual(['things1.example.com']);
});
