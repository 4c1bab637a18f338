/** Runs a Worker with one Storage object in a workerd of its own that can be killed and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { build } from 'esbuild';
import { COMPATIBILITY } from '../../src/emulator/workerd-config.ts';

/** The binary that the newest wrangler brings along. */
function findWorkerd(): string {
  const fromWrangler = createRequire(createRequire(import.meta.url).resolve('wrangler/package.json'));
  const { default: path } = fromWrangler('workerd') as { default: string };
  return path;
}

export interface CrashHost {
  /** `http://127.0.0.1:PORT` of the running process. */
  readonly url: string;
  readonly pid: number;
  start(): Promise<void>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
}

/** Bundles `entry` and prepares `directory` for it; the Durable Objects' disk is inside. */
export async function createCrashHost(directory: string, entry: string): Promise<CrashHost> {
  mkdirSync(join(directory, 'disk'), { recursive: true });
  await build({
    entryPoints: [entry],
    outfile: join(directory, 'worker.js'),
    bundle: true,
    format: 'esm',
    target: 'es2024',
    external: ['cloudflare:*'],
    conditions: ['workerd', 'worker'],
  });
  writeFileSync(join(directory, 'config.capnp'), CONFIG);
  let child: ChildProcess | undefined;
  let url = '';
  return {
    get url() {
      return url;
    },
    get pid() {
      return child?.pid ?? 0;
    },
    async start() {
      const args = ['serve', join(directory, 'config.capnp'), '--control-fd=3'];
      child = spawn(findWorkerd(), args, { cwd: directory, stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
      const lines = createInterface(child.stdio[3] as Readable);
      for await (const line of lines) {
        const { event, port } = JSON.parse(line) as { event: string; port?: number };
        if (event !== 'listen') continue;
        url = `http://127.0.0.1:${port}`;
        return;
      }
      throw new Error('workerd ended before it listened');
    },
    async kill() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

const CONFIG = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "disk", disk = (path = "disk", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "${COMPATIBILITY.date}",
  bindings = [
    (name = "STORAGE", durableObjectNamespace = "StorageObject"),
    (name = "CONTROLLERS", durableObjectNamespace = "ConsumerObject"),
    (name = "SCHEDULER", durableObjectNamespace = "ConsumerObject"),
  ],
  durableObjectNamespaces = [
    (className = "StorageObject", uniqueKey = "storage", enableSql = true),
    (className = "ConsumerObject", uniqueKey = "consumer", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "disk"),
);
`;
