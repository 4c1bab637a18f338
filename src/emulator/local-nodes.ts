/** The nodes of a local cluster: one real node where containers can run, else simulated ones. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type ApiTarget, apiRequest } from './api-request.ts';
import { type ClusterState, processStart } from './cluster-state.ts';
import { UserError } from './errors.ts';
import { reachableAddress } from './listen-address.ts';
import type { Output, UpOptions } from './options.ts';
import type { ClusterPaths } from './paths.ts';

export interface LocalNodesOptions {
  up: UpOptions;
  paths: ClusterPaths;
  target: ApiTarget;
  out: Output;
  signal: AbortSignal;
  state: ClusterState;
  save: () => void;
}

export interface LocalNodes {
  /** Stops the agents and everything they started, containers included. */
  stop(): Promise<void>;
}

/** The exit code of an agent that can never work as asked; another attempt would end the same. */
const REFUSED = 2;
/** Bytes of an agent's log in which the reason of its end is looked for. */
const LOG_TAIL = 8192;

const ADVICE =
  'Start a cluster without a real node by --node none or --simulated-nodes N, or with one of its own in another network namespace';

/** How many simulated nodes stand in for a real one. */
const STAND_INS = 2;
const STOP_TIMEOUT_MS = 20_000;
const RESTART_DELAY_MS = 1_000;

/** Starts the nodes that `up` asks for and waits until they are Ready. */
export async function startLocalNodes(options: LocalNodesOptions): Promise<LocalNodes> {
  const { up, out } = options;
  if (up.apiOnly) return { stop: async () => undefined };
  const agents: AgentProcess[] = [];
  let simulated = up.simulatedNodes;
  if (up.node === 'real') {
    const obstacle = whyNoContainers();
    if (obstacle === undefined) {
      agents.push(await startAgent(options, { name: nodeName(), kind: 'real', count: 1 }));
    } else {
      simulated = Math.max(simulated, STAND_INS);
      out.line(
        `Containers cannot run here (${obstacle}); starting ${simulated} simulated nodes instead: pods become Ready, but no program runs in them.`,
      );
    }
  }
  if (simulated > 0) agents.push(await startAgent(options, { name: 'simulated', kind: 'simulated', count: simulated }));
  return {
    async stop() {
      await Promise.all(agents.map((agent) => agent.stop()));
    },
  };
}

/** The reason why this machine cannot run a real node; undefined when it can. */
export function whyNoContainers(): string | undefined {
  if (process.platform !== 'linux') return `this is ${process.platform}, not Linux`;
  if (process.getuid?.() !== 0) return 'not root';
  return undefined;
}

/** The machine's name as a node name: lower case, a DNS subdomain. */
export function nodeName(): string {
  const name = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '');
  return name === '' ? 'node' : name;
}

interface AgentProcess {
  stop(): Promise<void>;
}

interface AgentSpec {
  name: string;
  kind: 'real' | 'simulated';
  count: number;
}

async function startAgent(options: LocalNodesOptions, spec: AgentSpec): Promise<AgentProcess> {
  const { paths, up, state, save, out } = options;
  const stateDir = join(paths.nodes, spec.name);
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const entry: ClusterState['nodes'][number] = { name: spec.name, kind: spec.kind, count: spec.count };
  state.nodes.push(entry);
  const nodeAddress = reachableAddress(up.host);
  let child: ChildProcess | undefined;
  let stopping = false;
  const refused = new AbortController();
  const start = async () => {
    const token = await createJoinToken(options.target);
    const log = openSync(join(stateDir, 'agent.log'), 'a', 0o600);
    child = spawn(process.execPath, [join(up.dist, 'agent.js')], {
      stdio: ['pipe', log, log],
      detached: true,
      env: { ...process.env, KEDGE_AGENT_CONFIG: 'stdin' },
    });
    closeSync(log);
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(
      JSON.stringify({
        server: options.target.server,
        ca: options.target.ca,
        joinToken: token,
        nodeName: spec.name,
        stateDir,
        install: up.install,
        ...(nodeAddress === undefined ? {} : { nodeIP: nodeAddress }),
        ...(spec.kind === 'simulated' ? { simulated: spec.count } : {}),
      }),
    );
    entry.pid = child.pid;
    if (child.pid) entry.started = processStart(child.pid);
    save();
    child.once('exit', (code, killedBy) => {
      child = undefined;
      if (stopping) return;
      if (code === REFUSED) {
        state.nodes.splice(state.nodes.indexOf(entry), 1);
        save();
        out.line(`The cluster goes on without node ${spec.name}: ${refusalOf(join(stateDir, 'agent.log'))}`);
        if (spec.kind === 'real') out.line(ADVICE);
        refused.abort();
        return;
      }
      out.line(
        `The agent of node ${spec.name} ended (${killedBy ?? `exit code ${code}`}) and is started again; see ${join(stateDir, 'agent.log')}`,
      );
      again();
    });
  };
  // The control plane may be down as well, and without it there is no join token.
  const again = () => {
    setTimeout(() => {
      if (!stopping) start().catch(again);
    }, RESTART_DELAY_MS);
  };
  out.line(
    spec.kind === 'real'
      ? `Starting node ${spec.name} (containerd, runc, CNI) …`
      : `Starting ${spec.count} simulated node(s) …`,
  );
  await start();
  const signal = AbortSignal.any([options.signal, refused.signal]);
  await untilNodesReady({ ...options, signal }, spec, join(stateDir, 'agent.log'));
  return {
    async stop() {
      stopping = true;
      const running = child;
      if (!running) return;
      const gone = new Promise<void>((resolve) => running.once('exit', () => resolve()));
      running.kill('SIGTERM');
      const force = setTimeout(() => running.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await gone;
      clearTimeout(force);
    },
  };
}

/** The reason that an agent gave when it ended. */
function refusalOf(log: string): string {
  const end = readFileSync(log).subarray(-LOG_TAIL).toString('utf8').trimEnd().split('\n').at(-1) ?? '';
  try {
    const { message } = JSON.parse(end) as { message?: string };
    return message ?? `see ${log}`;
  } catch {
    return `see ${log}`;
  }
}

/** A bootstrap token that lives for an hour. Upstream: kubeadm token create. */
export async function createJoinToken(target: ApiTarget, ttlSeconds = 3600): Promise<string> {
  const id = randomBytes(3).toString('hex');
  const secret = randomBytes(8).toString('hex');
  const reply = await apiRequest(target, '/api/v1/namespaces/kube-system/secrets', {
    method: 'POST',
    body: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: `bootstrap-token-${id}` },
      type: 'bootstrap.kubernetes.io/token',
      stringData: {
        'token-id': id,
        'token-secret': secret,
        expiration: new Date(Date.now() + ttlSeconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z'),
        'usage-bootstrap-authentication': 'true',
        'usage-bootstrap-signing': 'true',
        'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
      },
    },
  });
  if (reply.status !== 201) throw new UserError(`Could not create a join token: ${reply.body}`);
  return `${id}.${secret}`;
}

async function untilNodesReady(options: LocalNodesOptions, spec: AgentSpec, log: string): Promise<void> {
  const deadline = performance.now() + 120_000;
  while (performance.now() < deadline && !options.signal.aborted) {
    const reply = await apiRequest(options.target, '/api/v1/nodes').catch(() => undefined);
    if (reply?.status === 200) {
      const ready = (JSON.parse(reply.body) as { items: NodeView[] }).items.filter(
        (node) =>
          belongsTo(node.metadata.name, spec) &&
          node.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True'),
      );
      if (ready.length >= spec.count) {
        options.out.line(
          spec.kind === 'real' ? `Node ${spec.name} is Ready` : `${ready.length} simulated node(s) are Ready`,
        );
        return;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (!options.signal.aborted) options.out.line(`Node ${spec.name} is not Ready after two minutes; see ${log}`);
}

interface NodeView {
  metadata: { name: string };
  status?: { conditions?: { type: string; status: string }[] };
}

const belongsTo = (name: string, spec: AgentSpec): boolean =>
  spec.kind === 'real' ? name === spec.name : name.startsWith(`${spec.name}-`);
