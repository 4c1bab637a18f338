/** Another machine, as far as one machine can be one: a network namespace on a link of its own, with its own node in it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandResult, eventually, kedgeProgram } from './local-cluster.ts';
import { childrenOf } from './processes.ts';

/** A namespace that reaches this machine at `hostAddress`; `number` tells several from one another. */
export class OtherMachine {
  readonly hostAddress: string;
  readonly address: string;
  readonly #name: string;
  readonly #link: string;

  constructor(number = 0) {
    this.hostAddress = `10.213.${77 + number}.1`;
    this.address = `10.213.${77 + number}.2`;
    this.#name = `kedge-e2e-${process.pid}-${number}`;
    this.#link = `kdg${process.pid}-${number}`;
    const ip = (words: string) => execFileSync('ip', words.split(' '));
    const inside = (words: string) =>
      execFileSync('nsenter', [`--net=/run/netns/${this.#name}`, 'ip', ...words.split(' ')]);
    ip(`netns add ${this.#name}`);
    ip(`link add ${this.#link} type veth peer name eth0 netns ${this.#name}`);
    ip(`addr add ${this.hostAddress}/24 dev ${this.#link}`);
    ip(`link set ${this.#link} up`);
    inside('link set lo up');
    inside(`addr add ${this.address}/24 dev eth0`);
    inside('link set eth0 up');
    inside(`route add default via ${this.hostAddress}`);
  }

  /** Starts a program there. */
  spawn(file: string, args: readonly string[]): ChildProcess {
    return spawn('nsenter', [`--net=/run/netns/${this.#name}`, file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  remove(): void {
    execFileSync('ip', ['link', 'del', this.#link]);
    execFileSync('ip', ['netns', 'del', this.#name]);
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
