/** Keeps container logs bounded. Upstream: pkg/kubelet/logs/container_log_manager.go. */
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type Clock, delay } from '../../base/clock.ts';
import { type Log, messageOf } from '../log.ts';
import { type ContainerRuntime, isRuntimeError } from '../runtime/contract.ts';

export interface LogRotationOptions {
  runtime: ContainerRuntime;
  clock: Clock;
  log: Log;
  signal: AbortSignal;
  maxBytes?: number;
  /** Files per container, the current one included. */
  maxFiles?: number;
}

const INTERVAL = 10_000;
const MAX_BYTES = 10 * 1024 * 1024;
const MAX_FILES = 5;

/** `20260102-030405`, as kubelet ends the names of rotated files. */
const stamp = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');

/** Rotates one log that outgrew its bound: compress what was rotated before, move the current, let the runtime reopen. */
export async function rotateLog(path: string, id: string, options: LogRotationOptions): Promise<void> {
  const folder = dirname(path);
  const name = basename(path);
  const rotated = (await readdir(folder)).filter((file) => file.startsWith(`${name}.`)).sort();
  const keep = (options.maxFiles ?? MAX_FILES) - 2;
  for (const file of rotated.splice(0, Math.max(0, rotated.length - keep)))
    await rm(join(folder, file), { force: true });
  for (const file of rotated) {
    if (file.endsWith('.gz')) continue;
    const source = join(folder, file);
    await pipeline(createReadStream(source), createGzip(), createWriteStream(`${source}.gz`, { mode: 0o640 }));
    await rm(source);
  }
  const moved = `${path}.${stamp(options.clock.now())}`;
  await rename(path, moved);
  try {
    await options.runtime.reopenContainerLog(id);
  } catch (error) {
    await rename(moved, path);
    throw error;
  }
}

/** Looks at the logs of running containers every ten seconds, until the signal. */
export async function runLogRotation(options: LogRotationOptions): Promise<void> {
  const { runtime, clock, log, signal } = options;
  for (;;) {
    await delay(clock, INTERVAL, signal).catch(() => {});
    if (signal.aborted) return;
    const containers = await runtime.listContainers().catch(() => []);
    for (const { id, state } of containers) {
      if (state !== 'running') continue;
      try {
        const { logPath } = await runtime.containerStatus(id);
        if (logPath === '' || (await stat(logPath)).size < (options.maxBytes ?? MAX_BYTES)) continue;
        await rotateLog(logPath, id, options);
      } catch (error) {
        // It ended since the list was made.
        if (isRuntimeError(error, 'NotFound')) continue;
        log('warn', 'a container log was not rotated', { id, error: messageOf(error) });
      }
    }
  }
}
