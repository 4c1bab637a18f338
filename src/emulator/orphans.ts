/** Processes of a cluster whose `kedge up` died before it could stop them. */
import { type ClusterState, processStart } from './cluster-state.ts';
import { UserError } from './errors.ts';

const POLL_MS = 20;
const KILL_TIMEOUT_MS = 10_000;
/** How long an agent may take to stop its pods. */
const STOP_TIMEOUT_MS = 30_000;

interface Process {
  pid: number;
  started: string;
}

/**
 * Ends what still runs of a dead cluster and waits for it; answers how many processes those were. Without `stopPods` the
 * agents are cut off, and containers go on for the next agent to take over; with it the agents stop every pod first.
 * Throws UserError when one does not end.
 */
export async function endOrphans(state: ClusterState, options: { stopPods: boolean }): Promise<number> {
  const agents = state.nodes.flatMap((node) => running(node.pid, node.started));
  const plane = running(state.controlPlanePid, state.controlPlaneStarted);
  await Promise.all(agents.map((agent) => end(agent, options.stopPods)));
  await Promise.all(plane.map((one) => end(one, false)));
  return agents.length + plane.length;
}

/** Nothing, unless the process is the one that was started: the kernel may have given its number to another. */
function running(pid: number | undefined, started: string | undefined): Process[] {
  if (pid === undefined || !started || processStart(pid) !== started) return [];
  return [{ pid, started }];
}

async function end({ pid, started }: Process, gently: boolean): Promise<void> {
  send(pid, gently ? 'SIGTERM' : 'SIGKILL');
  const begun = performance.now();
  const forceAt = begun + (gently ? STOP_TIMEOUT_MS : Number.POSITIVE_INFINITY);
  while (processStart(pid) === started) {
    const now = performance.now();
    if (now > forceAt) send(pid, 'SIGKILL');
    if (now > begun + (gently ? STOP_TIMEOUT_MS : 0) + KILL_TIMEOUT_MS)
      throw new UserError(`Process ${pid} of an earlier run does not end; end it by hand`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended meanwhile.
  }
}
