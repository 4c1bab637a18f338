/** Processes of a benchmark: start, find out what they use, and end them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** What a process and its descendants use; undefined where the system has no /proc. */
export interface Usage {
  /** Resident memory in bytes. */
  memory: number;
  /** Processor time since the start, in milliseconds. */
  cpu: number;
}

const MS_PER_TICK = 10;

/** Sums a process and all that descend from it. */
export function usageOf(pid: number): Usage | undefined {
  let pids: number[];
  try {
    pids = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return undefined;
  }
  const parents = new Map<number, { parent: number; cpu: number }>();
  for (const each of pids) {
    const stat = read(`/proc/${each}/stat`);
    if (stat === undefined) continue;
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    parents.set(each, { parent: Number(fields[1]), cpu: (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK });
  }
  const usage = { memory: 0, cpu: 0 };
  for (const [each, { cpu }] of parents) {
    if (!descends(each, pid, parents)) continue;
    usage.cpu += cpu;
    const resident = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${each}/status`) ?? '');
    usage.memory += Number(resident?.[1] ?? 0) * 1024;
  }
  return usage;
}

function descends(pid: number, root: number, parents: ReadonlyMap<number, { parent: number }>): boolean {
  for (let at: number | undefined = pid; at !== undefined && at > 1; at = parents.get(at)?.parent) {
    if (at === root) return true;
  }
  return false;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

export interface Running {
  pid: number;
  /** `performance.now()` just before the start. */
  startedAt: number;
  /** Ends the process and waits until it is gone. */
  stop(): Promise<void>;
}

/** Starts a program whose output nobody reads. */
export function start(program: string, words: readonly string[]): Running {
  const startedAt = performance.now();
  const child: ChildProcess = spawn(program, words, { stdio: ['ignore', 'ignore', 'ignore'] });
  if (!child.pid) throw new Error(`cannot start ${program}`);
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    pid: child.pid,
    startedAt,
    async stop() {
      child.kill('SIGTERM');
      await gone;
    },
  };
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
