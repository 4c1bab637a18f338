import { systemClock } from '../../src/base/clock.ts';
import type { ShardEngine } from '../../src/storage/engine.ts';
import { createLocalShard, type LocalShard } from '../../src/storage/local-shard.ts';
import { ShardMirror } from '../../src/storage/shard-mirror.ts';

const mirrors = new WeakMap<LocalShard, ShardMirror>();

/** Resolves when everything that needs no time has happened. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A shard whose reads and watches go to its mirror first, as those of the Worker do. `former` was open before. */
export function openMirrored(engine: ShardEngine, former?: LocalShard): LocalShard {
  const known = former && mirrors.get(former);
  const mirror = known?.adopt(engine) ? known : new ShardMirror(engine, systemClock);
  if (known !== mirror) known?.close('the shard was opened again');
  const local = createLocalShard({ engine: publishing(engine, mirror) });
  const shard: LocalShard = {
    ...local,
    get: async (key) => mirror.get(key) ?? mirror.ask(key),
    async transact(transaction) {
      const result = await local.transact(transaction);
      await settled();
      return result;
    },
    watch: async (query) => mirror.watch(query) ?? local.watch(query),
  };
  mirrors.set(shard, mirror);
  return shard;
}

/** The engine, which tells `mirror` what it commits. */
function publishing(engine: ShardEngine, mirror: ShardMirror): ShardEngine {
  const { prototype } = engine.constructor;
  const bound = Object.fromEntries(
    Object.getOwnPropertyNames(prototype)
      .filter((name) => typeof Object.getOwnPropertyDescriptor(prototype, name)?.value === 'function')
      .map((name) => [name, (engine as unknown as Record<string, () => unknown>)[name]!.bind(engine)]),
  ) as unknown as ShardEngine;
  return {
    ...bound,
    transact(transaction) {
      const done = engine.transact(transaction);
      if (done.events.length > 0) mirror.committed(done.events, settled);
      return done;
    },
  };
}
