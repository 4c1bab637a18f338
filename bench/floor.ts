/** What the machine and the runtime allow at best: a Worker that does nothing, and fsync of the disk. */
import { closeSync, fdatasyncSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { serveWords } from '../src/emulator/compiled-config.ts';
import { workerdProgram } from '../src/emulator/control-plane.ts';
import { workerdConfig } from '../src/emulator/workerd-config.ts';
import { percentiles } from './client.ts';
import { type Running, start } from './process.ts';

/** Its classes do nothing either: the configuration of `kedge up` names them. */
const BARE_WORKER = `import { DurableObject } from 'cloudflare:workers';
export class StorageObject extends DurableObject {}
export class ControllersObject extends DurableObject {}
export class SchedulerObject extends DurableObject {}
export class NodeTunnelObject extends DurableObject {}
export class FleetObject extends DurableObject {}
export class AuditObject extends DurableObject {}
export default { fetch: () => new Response('ok') };
`;

export interface WorkerToRun {
  folder: string;
  port: number;
  /** TLS files of a cluster. */
  certificateFile: string;
  keyFile: string;
  /** Bundle; the bare Worker when left out. */
  workerFile?: string;
}

/** Starts workerd alone with the configuration that `kedge up` writes. */
export function startWorker({ folder, port, workerFile, certificateFile, keyFile }: WorkerToRun): Running {
  const storage = join(folder, 'storage');
  mkdirSync(storage, { recursive: true });
  const bare = join(folder, 'bare.js');
  writeFileSync(bare, BARE_WORKER);
  const config = join(folder, 'workerd.capnp');
  const text = workerdConfig({
    ...{ folder, host: '127.0.0.1', port, storage, certificateFile, keyFile },
    workerFile: workerFile ?? bare,
    variables: { KEDGE_API_HOSTS: '*', KEDGE_API_ONLY: 'true' },
  });
  writeFileSync(config, text);
  const program = workerdProgram();
  return start(program, serveWords(program, config));
}

/** Milliseconds of fdatasync after appends of 2 KB, as a commit makes them. */
export function measureSync(folder: string): { p50: number; p99: number } {
  const file = openSync(join(folder, 'sync'), 'w');
  const block = Buffer.alloc(2048, 1);
  const times: number[] = [];
  for (let i = 0; i < 300; i++) {
    writeSync(file, block);
    const before = performance.now();
    fdatasyncSync(file);
    times.push(performance.now() - before);
  }
  closeSync(file);
  return percentiles(times);
}
