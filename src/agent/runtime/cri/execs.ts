import type { Clock } from '../../../base/clock.ts';
import type { ExecWatch } from '../contract.ts';
import type { CriConnection } from './connection.ts';

const SERVICE = 'containerd.services.tasks.v1.Tasks';
const NAMESPACE = 'k8s.io';
const TIMEOUT_MS = 10_000;
/** What containerd gets to take the exit code and to clean up by itself. */
const GRACE_MS = 250;

interface Watched {
  container: string;
  ended: Set<string>;
  released: boolean;
}

/**
 * Frees exec processes that ended with input unread. The shim of containerd 1.6 keeps the reading end of their input
 * open until the process is deleted, and containerd deletes it, and reports the exit code, only after it has written the
 * input: with more than the pipes hold, both wait for each other. Deleting the process from outside lets go of both.
 */
export class ExecProcesses {
  readonly #connection: CriConnection;
  readonly #clock: Clock;
  readonly #watched = new Set<Watched>();

  constructor(connection: CriConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  watch(container: string): ExecWatch {
    const watched: Watched = { container, ended: new Set(), released: false };
    this.#watched.add(watched);
    return {
      release: () => {
        if (watched.released) return;
        watched.released = true;
        for (const exec of watched.ended) this.#delete(watched, exec);
      },
      stop: () => void this.#watched.delete(watched),
    };
  }

  /** An exec process of the container ended. */
  ended(container: string, exec: string): void {
    for (const watched of this.#watched) {
      if (watched.container !== container) continue;
      watched.ended.add(exec);
      if (watched.released) this.#delete(watched, exec);
    }
  }

  #delete(watched: Watched, exec: string): void {
    this.#clock.after(GRACE_MS, () => {
      if (!this.#watched.has(watched)) return;
      const request = { containerId: watched.container, execId: exec };
      const limits = { timeout: TIMEOUT_MS, metadata: { 'containerd-namespace': NAMESPACE } };
      // Most are gone already.
      this.#connection.call(SERVICE, 'DeleteProcess', request, limits).catch(() => {});
    });
  }
}
