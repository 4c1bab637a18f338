/** Lets one `kedge up` at a time have the data of a cluster: two control planes on one storage would ruin it. */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { processStart } from './cluster-state.ts';

interface Holder {
  pid: number;
  started: string;
}

/** Takes the lock for this process and returns what frees it, or the pid of the process that has it. */
export function lockCluster(file: string): { release: () => void } | { holder: number } {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, JSON.stringify({ pid: process.pid, started: processStart(process.pid) } satisfies Holder));
  try {
    for (;;) {
      // A link appears at once and with its content, or fails.
      if (links(own, file)) return { release: () => rmSync(file, { force: true }) };
      const holder = read(file);
      if (holder && isRunning(holder)) return { holder: holder.pid };
      takeAway(file, `${own}.stale`);
    }
  } finally {
    rmSync(own, { force: true });
  }
}

function links(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes the lock of a dead process, unless another took it over between reading and now. */
function takeAway(file: string, aside: string): void {
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  const holder = read(aside);
  if (holder && isRunning(holder)) links(aside, file);
  rmSync(aside, { force: true });
}

function read(file: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

const isRunning = ({ pid, started }: Holder): boolean => started !== '' && processStart(pid) === started;
