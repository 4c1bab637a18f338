/**
 * Mirrors of the shards whose objects live in this isolate. The platform runs objects wherever it likes and may start
 * one anew elsewhere, so there are none there; where one process runs everything (`KEDGE_ONE_PROCESS`), a Storage object
 * and the Worker share their memory, and nothing but that object writes to its shard.
 */
import { systemClock } from '../base/clock.ts';
import type { ShardEngine } from '../storage/engine.ts';
import { ShardMirror } from '../storage/shard-mirror.ts';
import type { Env } from './env.ts';

const mirrors = new Map<string, ShardMirror>();

/** The mirror of the shard whose object has just opened `engine`; undefined where there is none. */
export function openMirror(env: Env, name: string, engine: ShardEngine): ShardMirror | undefined {
  if (env.KEDGE_ONE_PROCESS !== 'true') return undefined;
  const known = mirrors.get(name);
  if (known?.adopt(engine)) return known;
  known?.close('the shard was opened again');
  const mirror = new ShardMirror(engine, systemClock);
  mirrors.set(name, mirror);
  return mirror;
}

/** The mirror of a shard, if its object has been awake in this isolate. */
export function mirrorOf(name: string): ShardMirror | undefined {
  return mirrors.get(name);
}
