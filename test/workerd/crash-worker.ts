/** The Worker that the crash test kills: one Storage object behind plain HTTP, and somebody who takes its changes. */
import { DurableObject } from 'cloudflare:workers';
import type { ListQuery, Transaction } from '../../src/storage/contract.ts';
import type { StorageObject } from '../../src/worker/storage-object.ts';

export { StorageObject } from '../../src/worker/storage-object.ts';

export class ConsumerObject extends DurableObject {
  async deliver(): Promise<void> {}
}

interface CrashEnv {
  STORAGE: DurableObjectNamespace<StorageObject>;
}

export default {
  async fetch(request, env): Promise<Response> {
    const shard = env.STORAGE.getByName('crash/main');
    switch (new URL(request.url).pathname) {
      case '/transact':
        return Response.json(await shard.transact((await request.json()) as Transaction));
      case '/list':
        return Response.json(await shard.list((await request.json()) as ListQuery));
      case '/revision':
        return Response.json(await shard.revision());
      case '/watch':
        return shard.fetch(request);
      default:
        return new Response('no such call', { status: 404 });
    }
  },
} satisfies ExportedHandler<CrashEnv>;
