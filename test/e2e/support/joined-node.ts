/** Another machine, as far as one machine can be one: a network namespace on a link of its own, with its own node in it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandResult, eventually, kedgeProgram } from './local-cluster.ts';
import { childrenOf } from './processes.ts';

const HOST_ADDRESS = '10.213.77.1';
const NODE_ADDRESS = '10.213.77.2';

/** A namespace that reaches this machine at `hostAddress`. */
export class OtherMachine {
  readonly hostAddress = HOST_ADDRESS;
  readonly address = NODE_ADDRESS;
  readonly #name = `kedge-e2e-${process.pid}`;
  readonly #link = `kdg${process.pid}`.slice(0, 14);

  constructor() {
    const ip = (words: string) => execFileSync('ip', words.split(' '));
    const inside = (words: string) =>
      execFileSync('nsenter', [`--net=/run/netns/${this.#name}`, 'ip', ...words.split(' ')]);
    ip(`netns add ${this.#name}`);
    ip(`link add ${this.#link} type veth peer name eth0 netns ${this.#name}`);
    ip(`addr add ${HOST_ADDRESS}/24 dev ${this.#link}`);
    ip(`link set ${this.#link} up`);
    inside('link set lo up');
    inside(`addr add ${NODE_ADDRESS}/24 dev eth0`);
    inside('link set eth0 up');
    inside(`route add default via ${HOST_ADDRESS}`);
  }

  /** Starts a program there. */
  spawn(file: string, args: readonly string[]): ChildProcess {
    return spawn('nsenter', [`--net=/run/netns/${this.#name}`, file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  remove(): void {
    execFileSync('ip', ['netns', 'del', this.#name]);
    execFileSync('ip', ['link', 'del', this.#link]);
  }
}

/** `kedge node join` on another machine. */
export class JoinedNode {
  /** What it printed. */
  output = '';
  readonly ended: Promise<CommandResult>;
  readonly #child: ChildProcess;

  constructor(machine: OtherMachine, words: readonly string[]) {
    this.#child = machine.spawn(process.execPath, [kedgeProgram, 'node', 'join', '--clean', ...words]);
    let errors = '';
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.output += chunk.toString();
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
      this.output += chunk.toString();
    });
    this.ended = new Promise((resolve) =>
      this.#child.once('close', (code) => resolve({ code: code ?? 1, stdout: this.output, stderr: errors })),
    );
  }

  /** The pid of the agent itself. */
  agent(): Promise<number> {
    return eventually('the agent runs', 20_000, async () => childrenOf(this.#child.pid as number)[0]);
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Ends it as Ctrl-C does: with its pods. */
  async stop(): Promise<void> {
    if (this.running) this.#child.kill('SIGTERM');
    await this.ended;
  }
}

/** The pid of the containerd that a node keeps in its state folder. */
export const containerdOf = (stateDir: string): number =>
  Number(readFileSync(join(stateDir, 'containerd', 'containerd.pid'), 'utf8'));
