/** A cluster started as a user starts it: `kedge up` in a process of its own, with its data in a folder of its own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lockMachine } from './machine-lock.ts';
import { toolPath } from './tools.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
/** The `kedge` command of this tree. */
export const kedgeProgram = join(root, 'bin', 'kedge.mjs');

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

export interface LocalCluster {
  folder: string;
  kubeconfig: string;
  server: string;
  /** What `kedge up` printed so far. */
  output(): string;
  /** Runs kubectl; throws unless it succeeds. */
  kubectl(words: string, input?: string): Promise<string>;
  /** Runs kubectl and gives whatever came. */
  tryKubectl(words: readonly string[], input?: string): Promise<CommandResult>;
  /** Runs kubectl, which must fail; gives what it says on standard error. */
  kubectlFails(words: string, input?: string): Promise<string>;
  /** Starts kubectl and leaves it running. */
  spawnKubectl(words: readonly string[]): ChildProcess;
  /** Runs another kedge command on this cluster. */
  kedge(words: readonly string[]): Promise<CommandResult>;
  /** Puts an image archive into the node. */
  loadImage(archive: string): Promise<void>;
  /** Stops the cluster, keeps its data. */
  down(): Promise<void>;
  /** Starts it again on the same data. */
  up(): Promise<void>;
  /** Stops it and removes everything. */
  remove(): Promise<void>;
}

/** Runs a program to its end. */
export function run(
  file: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; input?: string; cwd?: string } = {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = execFile(
      file,
      [...args],
      { env: options.env, cwd: options.cwd, maxBuffer: 256 << 20, encoding: 'utf8' },
      (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
        resolve({ code, stdout, stderr });
      },
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });
}

/** Runs a kedge command to its end, on no particular cluster. */
export const kedgeCommand = (words: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<CommandResult> =>
  run(process.execPath, [kedgeProgram, ...words], { env });

/** Splits words at spaces; parts in single quotes stay whole. */
export const wordsOf = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => (match[1] ?? match[2]) as string);

/** Polls until `check` gives a value; the last failure is the reason when it never does. `ms` bounds the wait. */
export async function eventually<T>(what: string, ms: number, check: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = performance.now() + ms;
  let last: unknown;
  for (;;) {
    try {
      const value = await check();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline)
      throw new Error(`${what} did not come true within ${ms} ms${last ? `: ${String(last)}` : ''}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Starts a cluster with `flags` for `kedge up` and waits until it is settled. */
export async function startCluster(flags: readonly string[] = []): Promise<LocalCluster> {
  const hasRealNode = !flags.some(
    (flag) => flag === '--api-only' || flag === 'none' || flag.startsWith('--simulated-nodes'),
  );
  const release = hasRealNode ? await lockMachine() : () => undefined;
  const folder = mkdtempSync(join(tmpdir(), 'kedge-e2e-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const kubectlFile = toolPath('kubectl');
  const env = {
    ...process.env,
    KUBECONFIG: kubeconfig,
    HOME: folder,
    PATH: `${dirname(kubectlFile)}:${process.env.PATH}`,
  };
  const base = ['--data', join(folder, 'data')];
  let child: ChildProcess | undefined;
  let printed = '';
  const cluster: LocalCluster = {
    folder,
    kubeconfig,
    server: '',
    output: () => printed,
    async kubectl(line, input) {
      const result = await cluster.tryKubectl(wordsOf(line), input);
      if (result.code !== 0)
        throw new Error(`kubectl ${line} ended with ${result.code}: ${result.stderr}${result.stdout}`);
      return result.stdout;
    },
    tryKubectl: (words, input) => run(kubectlFile, words, { env, ...(input === undefined ? {} : { input }) }),
    async kubectlFails(line, input) {
      const result = await cluster.tryKubectl(wordsOf(line), input);
      if (result.code === 0) throw new Error(`kubectl ${line} did not fail: ${result.stdout}`);
      return result.stderr;
    },
    spawnKubectl: (words) => spawn(kubectlFile, [...words], { env, stdio: ['pipe', 'pipe', 'pipe'] }),
    kedge: (words) => kedgeCommand([...words, ...base], env),
    async loadImage(archive) {
      const { code, stderr } = await cluster.kedge(['image', 'load', archive]);
      if (code !== 0) throw new Error(`${archive} was not loaded: ${stderr}`);
    },
    async up() {
      child = spawn(process.execPath, [kedgeProgram, 'up', ...base, '--kubeconfig', kubeconfig, ...flags], {
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const ended = new Promise<number | null>((resolve) => child?.once('exit', resolve));
      let exited = false;
      void ended.then(() => {
        exited = true;
      });
      const collect = (chunk: Buffer) => {
        printed += chunk.toString();
      };
      child.stdout?.on('data', collect);
      child.stderr?.on('data', collect);
      const before = printed.length;
      const settled = () => printed.slice(before).includes('In another shell');
      await eventually(`kedge up`, 170_000, async () => exited || settled());
      if (!settled()) throw new Error(`kedge up ended: ${printed.slice(before)}`);
      cluster.server = /server: (\S+)/.exec(readFileSync(kubeconfig, 'utf8'))?.[1] ?? '';
    },
    async down() {
      const running = child;
      child = undefined;
      if (!running || running.exitCode !== null || running.signalCode !== null) return;
      const gone = new Promise<void>((resolve) => running.once('exit', () => resolve()));
      running.kill('SIGTERM');
      await gone;
    },
    async remove() {
      await cluster.down();
      // What is left when `kedge up` itself was killed.
      await cluster.kedge(['down']);
      release();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await cluster.up();
  } catch (error) {
    await cluster.remove();
    throw error;
  }
  return cluster;
}
