/** Starting the containers of one pod, with the waits between attempts. */
import type { Pod, PodStatus } from '../../kinds/index.ts';
import type { MountedVolume } from '../volumes/index.ts';
import { fieldOf, type PodContainer, statusesOf, targetOf } from './container-role.ts';
import type { Waiting } from './container-state.ts';
import type { PodContext } from './context.ts';
import { formatPod } from './labels.ts';
import { newest, type Observed, type ObservedContainer, restartCountOf } from './observed.ts';
import { sandboxConfig } from './sandbox-config.ts';
import { StartError, startContainer } from './start-container.ts';

export interface StartAttempt extends PodContainer {
  pod: Pod;
  observed: Observed;
  status: PodStatus | undefined;
  podIPs: readonly string[];
  volumes: ReadonlyMap<string, MountedVolume>;
  signal: AbortSignal;
}

export class PodStarts {
  readonly #context: PodContext;
  readonly #uid: string;
  readonly #waiting = new Map<string, Waiting>();
  readonly #retryAt = new Map<string, number>();
  /** Run whose back-off was told of, by container. */
  readonly #told = new Map<string, string>();

  constructor(context: PodContext, uid: string) {
    this.#context = context;
    this.#uid = uid;
  }

  /** Why a container does not run, when it should. */
  waitingOf(name: string): Waiting | undefined {
    return this.#waiting.get(name);
  }

  /** Times at which a start is tried again. */
  get retryTimes(): Iterable<number> {
    return this.#retryAt.values();
  }

  /** Answers false when it is too early for anything; true when something happened that a status tells. */
  async start(attempt: StartAttempt): Promise<boolean> {
    const { pod, observed, container } = attempt;
    const { clock, restartBackoff } = this.#context;
    const { name } = container;
    const retryAt = this.#retryAt.get(name);
    if (retryAt !== undefined && retryAt > clock.now()) return false;
    const run = newest(observed, name);
    const sandbox = observed.sandbox;
    if (sandbox === undefined) return false;
    const key = `${this.#uid}/${name}`;
    if (run?.state === 'exited') {
      if (this.#inBackoff(attempt, run, key)) return true;
      restartBackoff.next(key, run.finishedAt);
    }
    try {
      await startContainer(this.#context, {
        ...attempt,
        field: fieldOf(attempt),
        target: targetRun(attempt),
        restartCount: restartCount(attempt, run),
        sandbox,
        sandboxConfig: await sandboxConfig(pod, sandbox.metadata.attempt, this.#context.node()),
      });
      this.#waiting.delete(name);
      this.#retryAt.delete(name);
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      this.#waiting.set(name, { reason: error.reason, message: error.message });
      this.#retryAt.set(name, clock.now() + error.retryAfter);
    }
    return true;
  }

  /** Whether the container still has to wait after its last end; tells so once per end. */
  #inBackoff(attempt: StartAttempt, run: ObservedContainer, key: string): boolean {
    const { pod, container } = attempt;
    const { clock, restartBackoff, events } = this.#context;
    const remaining = restartBackoff.remaining(key, run.finishedAt);
    if (remaining <= 0) return false;
    const where = formatPod(pod);
    const wait = formatWait(restartBackoff.wait(key));
    const message = `back-off ${wait} restarting failed container=${container.name} pod=${where}`;
    this.#waiting.set(container.name, { reason: 'CrashLoopBackOff', message });
    this.#retryAt.set(container.name, clock.now() + remaining);
    if (this.#told.get(container.name) !== run.id) {
      this.#told.set(container.name, run.id);
      const text = `Back-off restarting failed container ${container.name} in pod ${where}`;
      events.pod(pod, 'Warning', 'BackOff', text, fieldOf(attempt));
    }
    return true;
  }
}

/** One more than the last run; what the API counted when the runtime has lost that run. */
function restartCount({ container, role, status }: StartAttempt, run: ObservedContainer | undefined): number {
  if (run !== undefined) return restartCountOf(run) + 1;
  const old = statusesOf(status, role).find((candidate) => candidate.name === container.name);
  return old?.containerID ? old.restartCount + 1 : 0;
}

/** The run whose processes a debug container is to see; null when it should and there is none. */
function targetRun({ container, observed }: StartAttempt): string | null | undefined {
  const name = targetOf(container);
  return name === undefined ? undefined : (newest(observed, name)?.id ?? null);
}

/** Upstream writes whole minutes as `2m40s`. */
function formatWait(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
