import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, delay, systemClock } from '../../base/clock.ts';
import { AgentError } from '../errors.ts';
import { type Log, messageOf, silentLog } from '../log.ts';
import type { ContainerRuntime } from '../runtime/contract.ts';
import { CriRuntime } from '../runtime/cri/runtime.ts';
import { mountsBelow } from '../volumes/tmpfs.ts';
import { runCommand } from './command.ts';
import { type ContainerdPaths, containerdConfig } from './containerd-config.ts';
import { PAUSE_IMAGE, pauseArchive } from './pause-image.ts';

export interface ContainerdOptions {
  /** Folder of everything the node keeps; containerd lives in `containerd/` below it. */
  stateDir: string;
  log?: Log;
  clock?: Clock;
  /** Where the CNI plugins are; without it the usual folders are tried. */
  cniBin?: string;
  registryConfig?: string;
}

export interface Containerd {
  readonly socket: string;
  readonly pid: number;
  /** True when a running containerd of this folder was taken over. */
  readonly adopted: boolean;
  /** Folder where the CNI configuration belongs. */
  readonly cniConf: string;
  readonly runtime: ContainerRuntime;
  /** Imports an OCI or docker archive; answers the names of its images. */
  importImage(file: string): Promise<string[]>;
  /** Lets go of containerd, which goes on. */
  detach(): void;
  /** Ends containerd. Containers go on running unless `clean`, which stops every pod and unmounts what they used. */
  stop(options?: { clean?: boolean }): Promise<void>;
}

const START_TIMEOUT = 15_000;
const STOP_TIMEOUT = 10_000;
const WATCH_MS = 1000;
/** Seconds that containers get when everything is taken down. */
const END_GRACE = 2;
/** sockaddr_un holds 108 bytes with the final zero; containerd adds `.ttrpc`. */
const MAX_SOCKET_PATH = 100;
const CAP_SYS_RESOURCE = 24n;

export const architecture = (): 'amd64' | 'arm64' => (process.arch === 'arm64' ? 'arm64' : 'amd64');

function pathsOf(
  options: ContainerdOptions,
): ContainerdPaths & { folder: string; config: string; pid: string; log: string } {
  const folder = join(options.stateDir, 'containerd');
  const inside = join(folder, 'containerd.sock');
  const hash = createHash('sha256').update(folder).digest('hex').slice(0, 12);
  const socket = inside.length <= MAX_SOCKET_PATH ? inside : `/run/kedge-${hash}/containerd.sock`;
  const cniBin = options.cniBin ?? ['/usr/lib/cni', '/opt/cni/bin'].find((path) => existsSync(path)) ?? '/opt/cni/bin';
  return {
    folder,
    socket,
    root: join(folder, 'root'),
    state: join(folder, 'state'),
    cniBin,
    cniConf: join(folder, 'cni'),
    config: join(folder, 'config.toml'),
    pid: join(folder, 'containerd.pid'),
    log: join(folder, 'containerd.log'),
  };
}

async function lacksSysResource(): Promise<boolean> {
  const status = await readFile('/proc/self/status', 'utf8');
  const mask = BigInt(`0x${/CapEff:\s*([0-9a-f]+)/.exec(status)?.[1] ?? '0'}`);
  return (mask & (1n << CAP_SYS_RESOURCE)) === 0n;
}

/** Whether the file system of `folder` can carry overlay mounts. */
async function overlayWorks(folder: string): Promise<boolean> {
  const probe = join(folder, 'overlay-probe');
  const dirs = ['lower', 'upper', 'work', 'merged'].map((name) => join(probe, name));
  for (const dir of dirs) await mkdir(dir, { recursive: true });
  const [lower, upper, work, merged] = dirs as [string, string, string, string];
  const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
  const mounted = await runCommand('mount', ['-t', 'overlay', 'overlay', '-o', options, merged]);
  if (mounted.code === 0) await runCommand('umount', [merged]);
  await rm(probe, { recursive: true, force: true });
  return mounted.code === 0;
}

/** The pid in the pid file, when that process still is the containerd of this configuration. */
async function runningPid(paths: { pid: string; config: string }): Promise<number | undefined> {
  try {
    const pid = Number(await readFile(paths.pid, 'utf8'));
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    return commandLine.includes(paths.config) ? pid : undefined;
  } catch {
    return undefined;
  }
}

async function isAnswering(runtime: ContainerRuntime): Promise<boolean> {
  try {
    await runtime.version();
    return true;
  } catch {
    return false;
  }
}

async function launch(paths: ReturnType<typeof pathsOf>, options: ContainerdOptions, log: Log): Promise<number> {
  for (const dir of [paths.root, paths.state, paths.cniConf]) await mkdir(dir, { recursive: true, mode: 0o711 });
  await mkdir(join(paths.socket, '..'), { recursive: true, mode: 0o711 });
  const snapshotter = (await overlayWorks(paths.folder)) ? 'overlayfs' : 'native';
  if (snapshotter === 'native') log('warn', 'overlay mounts do not work on this file system: image layers are copied');
  const restrictOomScore = await lacksSysResource();
  const registry = options.registryConfig === undefined ? {} : { registryConfig: options.registryConfig };
  await writeFile(paths.config, containerdConfig({ paths, snapshotter, restrictOomScore, ...registry }));
  const output = await open(paths.log, 'a');
  try {
    const child = spawn('containerd', ['--config', paths.config], {
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
    });
    const failed = new Promise<never>((_, reject) =>
      child.once('error', (error) => reject(new AgentError('system', `containerd did not start: ${error.message}`))),
    );
    const spawned = new Promise<void>((resolve) => child.once('spawn', resolve));
    await Promise.race([spawned, failed]);
    child.unref();
    await writeFile(paths.pid, String(child.pid));
    return child.pid as number;
  } finally {
    await output.close();
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

async function endProcess(pid: number, clock: Clock): Promise<void> {
  if (!isAlive(pid)) return;
  process.kill(pid, 'SIGTERM');
  for (const started = clock.now(); isAlive(pid); await delay(clock, 20)) {
    if (clock.now() - started > STOP_TIMEOUT) killIfThere(pid);
  }
}

/** Shims of this containerd: they hold the containers and outlive it. */
async function shimsOf(socket: string): Promise<number[]> {
  const pids: number[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      if (!(await readlink(`/proc/${entry}/exe`)).includes('containerd-shim')) continue;
      if ((await readFile(`/proc/${entry}/cmdline`, 'utf8')).includes(socket)) pids.push(Number(entry));
    } catch {
      // The process ended meanwhile.
    }
  }
  return pids;
}

/** Kills the shims of a containerd that has ended, also those that it was just starting or clearing away. */
async function endShims(socket: string, clock: Clock): Promise<void> {
  const started = clock.now();
  for (let shims = await shimsOf(socket); shims.length > 0; shims = await shimsOf(socket)) {
    for (const shim of shims) killIfThere(shim);
    if (clock.now() - started > STOP_TIMEOUT) return;
    await delay(clock, 20);
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended meanwhile.
  }
}

/** Detaches what is still mounted below `folder`, deepest first. */
async function unmountBelow(folder: string): Promise<void> {
  for (const path of await mountsBelow(folder)) if (path !== folder) await runCommand('umount', ['-l', path]);
}

/** Their records stay, so that the next run knows how they ended. */
async function stopPods(runtime: ContainerRuntime): Promise<void> {
  const running = (await runtime.listContainers()).filter((container) => container.state === 'running');
  await Promise.all(running.map(({ id }) => runtime.stopContainer(id, END_GRACE)));
  const sandboxes = (await runtime.listPodSandboxes()).filter((sandbox) => sandbox.state === 'ready');
  await Promise.all(sandboxes.map(({ id }) => runtime.stopPodSandbox(id)));
}

/** Imports from a file, or from `input` when the source is `-`. Throws AgentError when it is no image archive. */
async function importArchive(socket: string, source: string, input?: Uint8Array): Promise<string[]> {
  const start = ['-a', socket, '-n', 'k8s.io', 'images', 'import'];
  const run = (args: readonly string[]) => runCommand('ctr', args, input ? { input } : {});
  // Newer versions import inside the daemon unless told; older ones know no such option.
  let result = await run([...start, '--local', source]);
  if (result.code !== 0 && result.stderr.includes('flag provided but not defined'))
    result = await run([...start, source]);
  if (result.code !== 0) {
    throw new AgentError('user', `cannot import the image archive: ${result.stderr.trim() || 'ctr failed'}`);
  }
  return [...result.stdout.matchAll(/^unpacking (\S+)/gm)].map((match) => match[1] ?? '');
}

/** Imports an archive into the running containerd of a node's state folder. */
export async function loadImage(stateDir: string, file: string): Promise<string[]> {
  const { socket } = pathsOf({ stateDir });
  if (!existsSync(socket)) throw new AgentError('user', `no node runs in ${stateDir}`);
  return importArchive(socket, file);
}

/**
 * Starts the node's own containerd (its socket, root and state are below `stateDir`), or takes over the one that runs
 * already. Returns when CRI answers and the pause image is there. Throws AgentError with the log's place otherwise.
 */
export async function startContainerd(options: ContainerdOptions): Promise<Containerd> {
  const { log = silentLog, clock = systemClock } = options;
  const paths = pathsOf(options);
  await mkdir(paths.folder, { recursive: true, mode: 0o711 });
  const found = await runningPid(paths);
  const runtime = new CriRuntime(paths.socket, clock);
  const daemon = new Daemon({ paths, options, runtime, clock, log });
  try {
    await daemon.use(found ?? (await launch(paths, options, log)));
  } catch (error) {
    runtime.close();
    throw error;
  }
  if ((await runtime.imageStatus(PAUSE_IMAGE)) === undefined) {
    await importArchive(paths.socket, '-', await pauseArchive(architecture()));
  }
  log('info', found === undefined ? 'containerd started' : 'containerd taken over', {
    pid: daemon.pid,
    socket: paths.socket,
  });
  return {
    socket: paths.socket,
    get pid() {
      return daemon.pid;
    },
    adopted: found !== undefined,
    cniConf: paths.cniConf,
    runtime,
    importImage: (file) => importArchive(paths.socket, file),
    detach() {
      void daemon.unwatch();
      runtime.close();
    },
    async stop({ clean = false } = {}) {
      await daemon.unwatch();
      if (clean)
        await stopPods(runtime).catch((error) => log('warn', 'pods were not stopped', { error: messageOf(error) }));
      runtime.close();
      await endProcess(daemon.pid, clock);
      if (clean) {
        await endShims(paths.socket, clock);
        await unmountBelow(options.stateDir);
      }
      await rm(paths.pid, { force: true });
    },
  };
}

/** Ends the containerd of a state folder whose agent died, and its pods; answers whether any of it ran. */
export async function endContainerd(stateDir: string): Promise<boolean> {
  const paths = pathsOf({ stateDir });
  if ((await runningPid(paths)) === undefined && (await shimsOf(paths.socket)).length === 0) return false;
  const daemon = await startContainerd({ stateDir });
  await daemon.stop({ clean: true });
  return true;
}

interface DaemonOptions {
  paths: ReturnType<typeof pathsOf>;
  options: ContainerdOptions;
  runtime: ContainerRuntime;
  clock: Clock;
  log: Log;
}

/** The process of containerd: started again when it dies. Containers live on in their shims meanwhile. */
class Daemon {
  pid = 0;
  readonly #with: DaemonOptions;
  #cancel: () => void = () => {};
  #unwatched = false;
  #looking: Promise<void> = Promise.resolve();

  constructor(options: DaemonOptions) {
    this.#with = options;
  }

  /** Takes `pid` for containerd and waits until it answers. */
  async use(pid: number): Promise<void> {
    const { runtime, clock, paths } = this.#with;
    this.pid = pid;
    const started = clock.now();
    while (!(await isAnswering(runtime))) {
      if (!isAlive(pid) || clock.now() - started > START_TIMEOUT) {
        throw new AgentError('system', `containerd (process ${pid}) does not answer; its log is ${paths.log}`);
      }
      await delay(clock, 20);
    }
    this.#watch();
  }

  #watch(): void {
    if (this.#unwatched) return;
    this.#cancel = this.#with.clock.after(WATCH_MS, () => {
      this.#looking = this.#look();
    });
  }

  async #look(): Promise<void> {
    const { paths, options, log } = this.#with;
    if (this.#unwatched) return;
    if (isAlive(this.pid)) return this.#watch();
    log('error', 'containerd ended and is started again', { pid: this.pid, log: paths.log });
    try {
      await this.use(await launch(paths, options, log));
    } catch (error) {
      log('error', 'containerd does not come back', { error: messageOf(error) });
      this.#watch();
    }
  }

  /** Resolves when no start of another process is under way any more. */
  unwatch(): Promise<void> {
    this.#unwatched = true;
    this.#cancel();
    return this.#looking;
  }
}
