/** The control plane of a local cluster: one workerd process that is started again when it dies. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { serveWords } from './compiled-config.ts';
import { UserError } from './errors.ts';

export interface ControlPlaneOptions {
  configFile: string;
  configText: string;
  storage: string;
  logFile: string;
  /** Told about every exit that nobody asked for. */
  onExit: (code: number | null, signal: NodeJS.Signals | null) => void;
  onStart: (pid: number) => void;
}

export interface ControlPlane {
  /** False once it has ended so often, so soon, that it is not started again. */
  readonly alive: boolean;
  stop(): Promise<void>;
}

/** The file of the workerd program for this platform. */
export function workerdProgram(): string {
  const require = createRequire(import.meta.url);
  const main = require.resolve('workerd');
  const loaded = require(main) as { default?: string };
  if (typeof loaded.default === 'string') return loaded.default;
  throw new UserError(
    `no workerd program for ${process.platform}-${process.arch}; ${join(dirname(main), '..')} has none`,
  );
}

const RESTART_DELAY_MS = 200;
const MAX_QUICK_EXITS = 5;
const QUICK_EXIT_MS = 1_000;

/** Starts workerd and keeps it running until `stop`. */
export function startControlPlane(options: ControlPlaneOptions): ControlPlane {
  mkdirSync(options.storage, { recursive: true });
  writeFileSync(options.configFile, options.configText, { mode: 0o600 });
  const program = workerdProgram();
  const words = serveWords(program, options.configFile);
  let child: ChildProcess | undefined;
  let stopping = false;
  let quickExits = 0;
  let alive = true;
  const start = () => {
    const log = openSync(options.logFile, 'a', 0o600);
    const startedAt = performance.now();
    // The soft limit of open files is raised: each open watch and each resident object takes descriptors.
    child = spawn('/bin/sh', ['-c', 'ulimit -n "$(ulimit -Hn)" 2>/dev/null; exec "$0" "$@"', program, ...words], {
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    if (child.pid) options.onStart(child.pid);
    child.once('exit', (code, signal) => {
      child = undefined;
      if (stopping) return;
      quickExits = performance.now() - startedAt < QUICK_EXIT_MS ? quickExits + 1 : 0;
      options.onExit(code, signal);
      if (quickExits < MAX_QUICK_EXITS) setTimeout(() => !stopping && start(), RESTART_DELAY_MS);
      else alive = false;
    });
  };
  start();
  return {
    get alive() {
      return alive;
    },
    async stop() {
      stopping = true;
      const running = child;
      if (!running?.pid) return;
      const gone = new Promise<void>((resolve) => running.once('exit', () => resolve()));
      running.kill('SIGTERM');
      const force = setTimeout(() => running.kill('SIGKILL'), 3_000);
      await gone;
      clearTimeout(force);
    },
  };
}

/** The last lines of the control plane's log, for messages about a failed start. */
export function tailOfLog(file: string, lines = 5): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '';
  }
}
