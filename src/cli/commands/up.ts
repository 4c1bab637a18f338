import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { clusterPaths, readRunningState, runCluster, type UpOptions, UserError } from '../../emulator/index.ts';
import { CLUSTER_FLAGS } from '../cluster-flags.ts';
import { type CommandContext, defineCommand, UsageError } from '../command.ts';
import { CONFIGURATION_FLAGS, configurationsOf } from '../configuration-flags.ts';
import { clusterOf } from '../local-cluster.ts';
import { secondsOf } from '../parse.ts';

const DEFAULT_PORT = 6443;
/** Not 8080: that is what people forward to their machine. */
const DEFAULT_INGRESS_PORT = 6080;

/** Starts a local cluster and stays in the foreground, or behind with --detach. */
export const up = defineCommand({
  path: ['up'],
  summary: 'Start a local cluster',
  flags: {
    ...CLUSTER_FLAGS,
    port: { type: 'number', value: 'N', description: `Port of the API server (${DEFAULT_PORT}, or the next free one)` },
    listen: {
      type: 'string',
      value: 'ADDRESS',
      description: 'Address to listen on: one of this machine that other nodes reach, or 0.0.0.0 for all',
      default: '127.0.0.1',
    },
    'ingress-port': {
      type: 'number',
      value: 'N',
      description: 'First port to try for the edge ingress',
      default: DEFAULT_INGRESS_PORT,
    },
    'compaction-interval': { type: 'string', value: 'D', description: 'How long watch history is kept (5m)' },
    kubeconfig: { type: 'string', value: 'FILE', description: 'Where to write the kubeconfig' },
    merge: { type: 'boolean', description: "Add the context to the user's own kubeconfig too" },
    'api-only': { type: 'boolean', description: 'Only the API server: no controllers, scheduler or nodes' },
    node: { type: 'string', value: 'KIND', description: 'real or none', default: 'real' },
    'simulated-nodes': { type: 'number', value: 'N', description: 'Start N nodes that run no programs', default: 0 },
    ...CONFIGURATION_FLAGS,
    'no-install': { type: 'boolean', description: 'Never install Debian packages' },
    detach: { type: 'boolean', description: 'Return when the cluster is ready and leave it running' },
    hints: { type: 'boolean', description: 'Print the two lines to type next', default: true },
  },
  async run(context) {
    const options = optionsOf(context);
    if (context.flags.detach) return detach(context, options);
    const stop = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (!stop.signal.aborted) context.progress(`\nStopping cluster ${options.name} …`);
        stop.abort(new Error(signal));
      });
    }
    await runCluster(options, { line: context.print }, stop.signal);
    return 0;
  },
});

function optionsOf(context: CommandContext): UpOptions {
  const { flags } = context;
  const { name, data } = clusterOf(context);
  if (flags.node !== 'real' && flags.node !== 'none')
    throw new UsageError(`flag --node takes real or none, not "${flags.node}"`);
  if (flags.port !== undefined && (Number(flags.port) < 1 || Number(flags.port) > 65535))
    throw new UsageError('flag --port takes a port, 1 to 65535');
  const simulatedNodes = Number(flags['simulated-nodes']);
  if (flags['api-only'] && simulatedNodes > 0)
    throw new UsageError('flag --api-only starts no nodes, so --simulated-nodes cannot go with it');
  const interval = flags['compaction-interval'];
  return {
    name,
    data,
    host: String(flags.listen),
    port: Number(flags.port ?? DEFAULT_PORT),
    portIsFixed: flags.port !== undefined,
    ingressPort: Number(flags['ingress-port']),
    ...(flags.kubeconfig === undefined ? {} : { kubeconfig: String(flags.kubeconfig) }),
    merge: flags.merge === true,
    apiOnly: flags['api-only'] === true,
    node: simulatedNodes > 0 ? 'none' : flags.node,
    simulatedNodes,
    ...(interval === undefined ? {} : { compactionInterval: secondsOf('compaction-interval', String(interval)) }),
    configurations: configurationsOf(context),
    install: flags['no-install'] !== true,
    hints: flags.hints !== false,
    dist: context.dist,
  };
}

const DETACH_TIMEOUT_MS = 180_000;

/** Runs the same command in a process of its own and returns when that says it is ready. */
async function detach(context: CommandContext, options: UpOptions): Promise<number> {
  const paths = clusterPaths(options.data, options.name);
  const running = readRunningState(paths.state);
  if (running)
    throw new UserError(
      `Cluster ${options.name} already runs (pid ${running.pid}); stop it with: kedge down --name ${options.name}`,
      3,
    );
  mkdirSync(paths.root, { recursive: true, mode: 0o700 });
  const logFile = join(paths.root, 'kedge.log');
  const log = openSync(logFile, 'w', 0o600);
  const words = context.words.filter((word) => word !== '--detach');
  const program = join(context.dist, '..', 'bin', 'kedge.mjs');
  const child = spawn(process.execPath, [program, ...words], {
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  let exited: number | null | undefined;
  child.once('exit', (code) => {
    exited = code;
  });
  let shown = 0;
  const deadline = performance.now() + DETACH_TIMEOUT_MS;
  while (performance.now() < deadline) {
    const lines = readFileSync(logFile, 'utf8').split('\n').slice(0, -1);
    for (; shown < lines.length; shown++) context.print(lines[shown] as string);
    if (exited !== undefined) return exited ?? 1;
    const now = readRunningState(paths.state);
    if (now?.settled && now.pid === child.pid) {
      child.unref();
      return 0;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.unref();
  throw new UserError(
    `Cluster ${options.name} is not up after ${DETACH_TIMEOUT_MS / 60_000} minutes and goes on starting; see ${logFile}`,
    5,
  );
}
