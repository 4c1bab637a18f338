/** A program on a pseudo-terminal, which the `script` program of every Linux provides. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { eventually } from './local-cluster.ts';

export class Terminal {
  /** All that was shown. */
  text = '';
  /** Its exit code. */
  readonly ended: Promise<number>;
  readonly #child: ChildProcess;

  constructor(command: string, env: NodeJS.ProcessEnv) {
    this.#child = spawn('script', ['-q', '-e', '-f', '-c', `stty rows 24 cols 80; exec ${command}`, '/dev/null'], {
      env: { ...env, SHELL: '/bin/sh', TERM: 'dumb' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.text += chunk.toString();
    });
    this.ended = new Promise((resolve) => this.#child.once('exit', (code) => resolve(code ?? 1)));
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Waits until what is shown matches. */
  async until(pattern: RegExp, ms = 15_000): Promise<void> {
    await eventually(`the terminal shows ${pattern}`, ms, async () => pattern.test(this.text)).catch((error) => {
      throw new Error(`${String(error)}; it shows: ${JSON.stringify(this.text)}`);
    });
  }

  /** Changes the size of the window. */
  async resize(rows: number, columns: number): Promise<void> {
    const device = await eventually('the terminal has a device', 5_000, async () => this.#device());
    execFileSync('stty', ['-F', device, 'rows', String(rows), 'cols', String(columns)]);
  }

  /** The terminal of the program: standard input of the child of `script`. */
  #device(): string | undefined {
    for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        if (parent === this.#child.pid) return readlinkSync(`/proc/${entry}/fd/0`);
      } catch {
        // It ended meanwhile.
      }
    }
    return undefined;
  }
}
