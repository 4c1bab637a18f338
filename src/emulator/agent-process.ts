/** The process of a node agent: started again when it dies, left alone when it says that it can never work as asked. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ClusterState, processStart } from './cluster-state.ts';
import { createJoinToken } from './join-token.ts';
import { reachableAddress } from './listen-address.ts';
import type { LocalNodesOptions } from './local-nodes-options.ts';

export interface AgentSpec {
  name: string;
  kind: 'real' | 'simulated';
  count: number;
}

/** The exit code of an agent that can never work as asked; another attempt would end the same. */
const REFUSED = 2;
/** Bytes of an agent's log in which the reason of its end is looked for. */
const LOG_TAIL = 8192;
/** A hundred containers take their time to end on a busy machine. `kedge down` waits a little longer. */
const STOP_TIMEOUT_MS = 35_000;
const RESTART_DELAY_MS = 1_000;

const ADVICE =
  'Start a cluster without a real node by --node none or --simulated-nodes N, or with one of its own in another network namespace';

export class AgentProcess {
  readonly spec: AgentSpec;
  readonly logFile: string;
  readonly #options: LocalNodesOptions;
  readonly #stateDir: string;
  readonly #entry: ClusterState['nodes'][number];
  readonly #refused = new AbortController();
  #child: ChildProcess | undefined;
  #stopping = false;

  constructor(options: LocalNodesOptions, spec: AgentSpec) {
    this.#options = options;
    this.spec = spec;
    this.#stateDir = join(options.paths.nodes, spec.name);
    this.logFile = join(this.#stateDir, 'agent.log');
    this.#entry = { name: spec.name, kind: spec.kind, count: spec.count };
  }

  /** Aborts when the agent has refused to work. */
  get refused(): AbortSignal {
    return this.#refused.signal;
  }

  async start(): Promise<void> {
    mkdirSync(this.#stateDir, { recursive: true, mode: 0o700 });
    this.#options.state.nodes.push(this.#entry);
    await this.#launch();
  }

  /** Ends the agent and what it started. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const running = this.#child;
    if (!running) return;
    const gone = new Promise<void>((resolve) => running.once('exit', () => resolve()));
    running.kill('SIGTERM');
    const force = setTimeout(() => running.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await gone;
    clearTimeout(force);
  }

  async #launch(): Promise<void> {
    const { up, save } = this.#options;
    const config = JSON.stringify({ ...this.#config(), joinToken: await createJoinToken(this.#options.target) });
    // Nobody would end an agent that starts after its cluster was stopped.
    if (this.#stopping) return;
    const log = openSync(this.logFile, 'a', 0o600);
    const child = spawn(process.execPath, [join(up.dist, 'agent.js')], {
      stdio: ['pipe', log, log],
      detached: true,
      env: { ...process.env, KEDGE_AGENT_CONFIG: 'stdin' },
    });
    closeSync(log);
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(config);
    this.#child = child;
    this.#entry.pid = child.pid;
    if (child.pid) this.#entry.started = processStart(child.pid);
    save();
    child.once('exit', (code, killedBy) => this.#ended(code, killedBy));
  }

  #config(): Record<string, unknown> {
    const { up, target } = this.#options;
    const nodeAddress = reachableAddress(up.host);
    return {
      server: target.server,
      ca: target.ca,
      nodeName: this.spec.name,
      stateDir: this.#stateDir,
      install: up.install,
      ...(nodeAddress === undefined ? {} : { nodeIP: nodeAddress }),
      ...(this.spec.kind === 'simulated' ? { simulated: this.spec.count } : {}),
    };
  }

  #ended(code: number | null, killedBy: NodeJS.Signals | null): void {
    this.#child = undefined;
    if (this.#stopping) return;
    if (code === REFUSED) {
      this.#giveUp();
      return;
    }
    const how = killedBy ?? `exit code ${code}`;
    this.#options.out.line(
      `The agent of node ${this.spec.name} ended (${how}) and is started again; see ${this.logFile}`,
    );
    this.#again();
  }

  /** The control plane may be down as well, and without it there is no join token. */
  #again(): void {
    setTimeout(() => {
      if (!this.#stopping) this.#launch().catch(() => this.#again());
    }, RESTART_DELAY_MS);
  }

  #giveUp(): void {
    const { state, save, out } = this.#options;
    state.nodes.splice(state.nodes.indexOf(this.#entry), 1);
    save();
    out.line(`The cluster goes on without node ${this.spec.name}: ${refusalOf(this.logFile)}`);
    if (this.spec.kind === 'real') out.line(ADVICE);
    this.#refused.abort();
  }
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
