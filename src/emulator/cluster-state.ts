/** Who runs a local cluster: a file with the pid, which is also the lock against a second `kedge up`. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface ClusterState {
  name: string;
  pid: number;
  /** Start time of the process in clock ticks since boot, so that a reused pid is not taken for it. */
  startedTicks: string;
  controlPlanePid?: number;
  /** Start time of the control plane, as `startedTicks`. */
  controlPlaneStarted?: string;
  host: string;
  port: number;
  ingressPort?: number;
  kubeconfig: string;
  apiOnly: boolean;
  nodes: { name: string; kind: 'real' | 'simulated'; pid?: number; started?: string; count?: number }[];
  /** The API server answers. */
  ready: boolean;
  /** Nothing more is being started. */
  settled?: boolean;
}

/** The state written by a cluster that still runs; undefined when there is none, or its process is gone. */
export function readRunningState(file: string): ClusterState | undefined {
  const state = readState(file);
  return state && state.startedTicks === processStart(state.pid) ? state : undefined;
}

/** The last written state, running or not. */
export function readState(file: string): ClusterState | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ClusterState;
  } catch {
    return undefined;
  }
}

/** Replaces the state atomically. */
export function writeState(file: string, state: ClusterState): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.tmp`, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(`${file}.tmp`, file);
}

export function removeState(file: string): void {
  rmSync(file, { force: true });
}

/**
 * When a process started, as the kernel tells it; '' when it does not run, or has ended and nobody asked how. Where there
 * is no /proc, whether it runs.
 */
export function processStart(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // The first thread may be gone while others still hold ports and files.
    const ended = fields[0] === 'Z' && readdirSync(`/proc/${pid}/task`).length <= 1;
    return ended ? '' : (fields[19] ?? '');
  } catch {
    if (process.platform === 'linux') return '';
    try {
      process.kill(pid, 0);
      return 'running';
    } catch {
      return '';
    }
  }
}
