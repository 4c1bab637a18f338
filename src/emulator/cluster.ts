/** Runs one local cluster in the foreground: control plane, kubeconfig, nodes; stops everything it started. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureAdminToken, hashToken } from './admin-token.ts';
import { type ApiTarget, apiRequest } from './api-request.ts';
import { lockCluster } from './cluster-lock.ts';
import {
  type ClusterState,
  processStart,
  readRunningState,
  readState,
  removeState,
  writeState,
} from './cluster-state.ts';
import { setConfiguration } from './configuration.ts';
import { type ControlPlane, startControlPlane, tailOfLog } from './control-plane.ts';
import { type LocalDialer, startDialer } from './dialer.ts';
import { UserError } from './errors.ts';
import { mergeKubeconfig, writeKubeconfig } from './kubeconfig.ts';
import { type ListenAddress, listenAddress } from './listen-address.ts';
import { type LocalNodes, startLocalNodes } from './local-nodes.ts';
import type { Output, UpOptions } from './options.ts';
import { endOrphans } from './orphans.ts';
import { type ClusterPaths, clusterPaths } from './paths.ts';
import { isPortFree, nextFreePort } from './ports.ts';
import { ensureServingCertificate, type ServingCertificate } from './serving-certificate.ts';
import { workerdConfig } from './workerd-config.ts';

const WATCHDOG_MS = 60_000;

/**
 * Starts the cluster, announces it, and resolves when `signal` aborts and all is stopped. Throws UserError when it runs
 * already, cannot listen, cannot write its folder or does not come up.
 */
export async function runCluster(options: UpOptions, out: Output, signal: AbortSignal): Promise<void> {
  try {
    await run(options, out, signal);
  } catch (error) {
    throw explained(error, options.data);
  }
}

async function run(options: UpOptions, out: Output, signal: AbortSignal): Promise<void> {
  const paths = clusterPaths(options.data, options.name);
  refuseSecond(paths, options.name);
  mkdirSync(paths.root, { recursive: true, mode: 0o700 });
  const lock = lockCluster(paths.lock);
  if ('holder' in lock) throw runsAlready(options.name, `pid ${lock.holder}, starting`);
  try {
    await clearRemains(paths, out);
    await runLocked(options, paths, { out, signal });
  } finally {
    lock.release();
  }
}

async function runLocked(
  options: UpOptions,
  paths: ClusterPaths,
  { out, signal }: { out: Output; signal: AbortSignal },
): Promise<void> {
  const startedAt = performance.now();
  const address = listenAddress(options.host);
  const port = await choosePort(options);
  const ingressPort = await nextFreePort(options.host, options.ingressPort);
  const token = ensureAdminToken(paths.adminToken);
  const certificate = await ensureServingCertificate(paths.tls, address.hosts, Date.now());
  const state = initialState(options, paths, { host: address.reach, port, ingressPort });
  const save = () => saveState(paths.state, state, out);
  save();
  const target: ApiTarget = { server: `https://${address.reach}:${port}`, ca: certificate.ca, token };
  let dialer: LocalDialer | undefined;
  let plane: ControlPlane | undefined;
  let nodes: LocalNodes | undefined;
  let watchdog: NodeJS.Timeout | undefined;
  try {
    dialer = await startDialer(paths.root);
    plane = startControlPlane({
      configFile: paths.workerdConfig,
      configText: configOf(options, paths, { address, certificate, token, port, ingressPort, dialer }),
      storage: paths.storage,
      logFile: paths.controlPlaneLog,
      onStart: (pid) => {
        state.controlPlanePid = pid;
        state.controlPlaneStarted = processStart(pid);
        save();
      },
      onExit: (code, killedBy) =>
        out.line(
          `The control plane ended (${killedBy ?? `exit code ${code}`}) and is started again; see ${paths.controlPlaneLog}`,
        ),
    });
    await untilAnswers(target, paths, { signal, plane });
    for (const [name, file] of Object.entries(options.configurations)) await setConfiguration(target, name, file);
    const kubeconfig = { name: `kedge-${options.name}`, server: target.server, ca: certificate.ca, token };
    writeKubeconfig(state.kubeconfig, kubeconfig);
    if (options.merge) mergeKubeconfig(kubeconfig);
    state.ready = true;
    save();
    out.line(
      `Cluster ${options.name} ready in ${Math.round(performance.now() - startedAt)} ms: ${target.server} (kubeconfig ${state.kubeconfig})`,
    );
    if (!options.apiOnly) out.line(`Edge ingress at http://${address.reach}:${ingressPort}`);
    watchdog = setInterval(() => poke(target), WATCHDOG_MS);
    nodes = await startLocalNodes({ up: options, paths, target, out, signal, state, save });
    state.settled = true;
    save();
    if (options.hints) for (const line of hintsFor(state)) out.line(line);
    await aborted(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    clearInterval(watchdog);
    if (nodes) await nodes.stop();
    if (plane) await plane.stop();
    dialer?.close();
    removeState(paths.state);
  }
}

/** The two lines a person types next. */
function hintsFor(state: ClusterState): string[] {
  return [
    '',
    'In another shell, type:',
    `  export KUBECONFIG=${state.kubeconfig}`,
    `  kubectl get ${state.apiOnly ? 'namespaces' : 'nodes'}`,
  ];
}

function refuseSecond(paths: ClusterPaths, name: string): void {
  const running = readRunningState(paths.state);
  if (running && running.pid !== process.pid)
    throw runsAlready(name, `pid ${running.pid}, https://${running.host}:${running.port}`);
}

const runsAlready = (name: string, who: string): UserError =>
  new UserError(`Cluster ${name} already runs (${who}); stop it with: kedge down --name ${name}`, 3);

/** Ends what a run left behind that was killed: it holds the ports and the storage. */
async function clearRemains(paths: ClusterPaths, out: Output): Promise<void> {
  const last = readState(paths.state);
  if (!last) return;
  const ended = await endOrphans(last, { stopPods: false });
  if (ended > 0)
    out.line(
      `The last run (pid ${last.pid}) was killed; ended ${ended} ${ended === 1 ? 'process' : 'processes'} of it`,
    );
}

/** A running cluster outlives a disk that is full for a while. */
function saveState(file: string, state: ClusterState, out: Output): void {
  try {
    writeState(file, state);
  } catch (error) {
    if (!state.ready) throw error;
    out.line(`Could not write ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const DISK_ERRORS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the device; free some space',
  EDQUOT: 'the disk quota is used up; free some space',
  EROFS: 'the file system is read-only',
  // What making a folder with its parents says on such a file system.
  ENOENT: 'the file system is read-only or gone',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  ENOTDIR: 'a part of the path is no folder',
  EEXIST: 'a part of the path is no folder',
};

/** Failures of the data folder, said with what to do about them. */
function explained(error: unknown, data: string): unknown {
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  const reason = DISK_ERRORS[code ?? ''];
  if (reason === undefined || (code === 'ENOENT' && syscall !== 'mkdir')) return error;
  return new UserError(`Could not write ${path ?? data}: ${reason}, or choose another folder with --data`);
}

async function choosePort(options: UpOptions): Promise<number> {
  if (!options.portIsFixed) return nextFreePort(options.host, options.port);
  if (await isPortFree(options.host, options.port)) return options.port;
  throw new UserError(
    `Port ${options.port} on ${options.host} is in use; choose another with --port, or leave --port out to take the next free one`,
    4,
  );
}

function initialState(
  options: UpOptions,
  paths: ClusterPaths,
  endpoint: { host: string; port: number; ingressPort: number },
): ClusterState {
  return {
    name: options.name,
    pid: process.pid,
    startedTicks: processStart(process.pid),
    ...endpoint,
    kubeconfig: options.kubeconfig ?? paths.kubeconfig,
    apiOnly: options.apiOnly,
    nodes: [],
    ready: false,
  };
}

interface ConfigFacts {
  address: ListenAddress;
  certificate: ServingCertificate;
  token: string;
  port: number;
  ingressPort: number;
  dialer: LocalDialer;
}

function configOf(options: UpOptions, paths: ClusterPaths, facts: ConfigFacts): string {
  return workerdConfig({
    folder: paths.root,
    host: facts.address.listen,
    port: facts.port,
    ...(options.apiOnly ? {} : { ingressPort: facts.ingressPort }),
    workerFile: join(options.dist, 'worker.js'),
    certificateFile: facts.certificate.certificateFile,
    keyFile: facts.certificate.keyFile,
    storage: paths.storage,
    dialer: facts.dialer.address,
    variables: {
      // Webhooks under development listen on the machine itself.
      KEDGE_OUTBOUND_OPEN: process.env.KEDGE_OUTBOUND_OPEN ?? 'loopback',
      KEDGE_ADMIN_TOKEN_HASH: hashToken(facts.token),
      // The edge has a socket of its own.
      KEDGE_API_HOSTS: '*',
      KEDGE_ONE_PROCESS: 'true',
      KEDGE_EDGE_ADDRESS: facts.address.reach,
      ...(options.apiOnly ? { KEDGE_API_ONLY: 'true' } : {}),
      ...(options.compactionInterval === undefined
        ? {}
        : { KEDGE_COMPACTION_INTERVAL: String(options.compactionInterval) }),
    },
  });
}

async function untilAnswers(
  target: ApiTarget,
  paths: ClusterPaths,
  { signal, plane }: { signal: AbortSignal; plane: ControlPlane },
): Promise<void> {
  const deadline = performance.now() + 30_000;
  let last = 'no answer';
  while (performance.now() < deadline && plane.alive) {
    signal.throwIfAborted();
    try {
      const reply = await apiRequest(target, '/api/v1/namespaces?limit=1', { timeout: 5_000 });
      if (reply.status === 200) return;
      last = `status ${reply.status}: ${reply.body.slice(0, 300)}`;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
  throw new UserError(
    `The control plane did not come up (${last}). Its last log lines, from ${paths.controlPlaneLog}:\n${tailOfLog(paths.controlPlaneLog)}`,
    5,
  );
}

/** What the cron trigger does where the platform has none. A miss is made good a minute later. */
function poke(target: ApiTarget): void {
  apiRequest(target, '/kedge/v1/watchdog', { method: 'POST' }).catch(() => undefined);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
