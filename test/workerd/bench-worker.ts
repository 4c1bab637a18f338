/** The Worker of `bench/storage-workerd.ts`: measures a Storage object from the side of its callers. */

import { createShardClient } from '../../src/worker/shard-client.ts';
import type { StorageObject } from '../../src/worker/storage-object.ts';
import { create, encode, podKey, transaction } from '../storage/sample.ts';

export { StorageObject } from '../../src/worker/storage-object.ts';

interface BenchEnv {
  STORAGE: DurableObjectNamespace<StorageObject>;
}

const sample = {
  data: 'x'.repeat(1500),
  labels: { app: 'web', 'pod-template-hash': 'abcdef' },
  fields: { 'spec.nodeName': 'node-1', 'status.phase': 'Running' },
  indexed: ['spec.nodeName'],
  owners: ['owner-uid'],
};

/** The clock of a Worker stands still without I/O, so the caller takes the time; here only the work is done. */
export default {
  async fetch(request, env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const count = Number(searchParams.get('count') ?? 1);
    const parallel = Number(searchParams.get('parallel') ?? 1);
    const shard = createShardClient(() => env.STORAGE.getByName(`bench/${searchParams.get('shard') ?? 'main'}`));
    const each = async (body: (i: number) => Promise<unknown>): Promise<void> => {
      let next = 0;
      const worker = async () => {
        while (next < count) await body(next++);
      };
      await Promise.all(Array.from({ length: parallel }, worker));
    };
    const key = (i: number) => podKey(`pod-${i}`, `ns-${i % 10}`);
    const update = (i: number) =>
      shard.transact(transaction({ type: 'update', key: key(i % 1000), object: encode(key(i % 1000), sample) }));
    if (pathname === '/create') await each((i) => shard.transact(transaction(create(key(i), sample))));
    else if (pathname === '/update') await each(update);
    else if (pathname === '/get') await each((i) => shard.get(key(i % 1000)));
    else if (pathname === '/list') await each(() => shard.list({ resource: 'pods', limit: 1000 }));
    else if (pathname === '/watch') return fanOut(Number(searchParams.get('watchers')));
    else return new Response('no such call', { status: 404 });
    return new Response('done');

    async function fanOut(watchers: number): Promise<Response> {
      let received = 0;
      let frames = 0;
      let done: () => void = () => {};
      const all = new Promise<void>((resolve) => {
        done = resolve;
      });
      const since = await shard.revision();
      const streams = [];
      for (let i = 0; i < watchers; i++) {
        const stream = await shard.watch({ resource: 'pods', since, bookmarks: false, apiVersion: 'v1', kind: 'Pod' });
        stream.onFrame = (frame) => {
          frames++;
          for (let at = frame.indexOf('\n'); at >= 0; at = frame.indexOf('\n', at + 1)) received++;
          if (received === watchers * count) done();
        };
        stream.onClose = (why) => console.error(why);
        streams.push(stream);
      }
      const start = Date.now();
      await each(update);
      const written = Date.now() - start;
      await all;
      const took = Date.now() - start;
      for (const stream of streams) stream.close();
      return Response.json({ written, took, frames, received });
    }
  },
} satisfies ExportedHandler<BenchEnv>;
