/** Pods on disk, for an agent that starts while the API is away. What Secrets hold is not among it. */
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { Pod } from '../../kinds/index.ts';
import { type Log, messageOf } from '../log.ts';

export interface SavedPodsOptions {
  podsDir(): string;
  clock: Clock;
  log: Log;
}

/** Changes of this many milliseconds are written together: a start is several changes of the status. */
const QUIET = 1000;
const FILE = 'pod.json';

/** One file in the folder of each pod; it goes with the folder. */
export class SavedPods {
  readonly #options: SavedPodsOptions;
  readonly #waiting = new Map<string, { pod: Pod; cancel: () => void }>();

  constructor(options: SavedPodsOptions) {
    this.#options = options;
  }

  save(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    const waiting = this.#waiting.get(uid);
    if (waiting !== undefined) {
      waiting.pod = pod;
      return;
    }
    const cancel = this.#options.clock.after(QUIET, () => {
      const last = this.#waiting.get(uid)?.pod ?? pod;
      this.#waiting.delete(uid);
      void this.#write(uid, last).catch((error) =>
        this.#options.log('warn', 'a pod was not written to disk', { uid, error: messageOf(error) }),
      );
    });
    this.#waiting.set(uid, { pod, cancel });
  }

  /** The folder of the pod is about to go, or gone. */
  forget(uid: string): void {
    this.#waiting.get(uid)?.cancel();
    this.#waiting.delete(uid);
  }

  async #write(uid: string, pod: Pod): Promise<void> {
    const folder = join(this.#options.podsDir(), uid);
    const path = join(folder, FILE);
    await mkdir(folder, { recursive: true, mode: 0o750 });
    const { managedFields, ...metadata } = pod.metadata;
    await writeFile(`${path}.tmp`, JSON.stringify({ ...pod, metadata }), { mode: 0o600 });
    await rename(`${path}.tmp`, path);
  }

  /** What earlier agents wrote; files that cannot be read are left out. */
  async load(): Promise<Pod[]> {
    const podsDir = this.#options.podsDir();
    const uids = await readdir(podsDir).catch(() => []);
    const found = await Promise.all(
      uids.map(async (uid) => {
        const text = await readFile(join(podsDir, uid, FILE), 'utf8').catch(() => undefined);
        try {
          const pod = JSON.parse(text ?? '') as Pod;
          return pod.metadata.uid === uid ? [pod] : [];
        } catch {
          return [];
        }
      }),
    );
    return found.flat();
  }

  /** Writes what waits at once. */
  async flush(): Promise<void> {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    await Promise.allSettled(
      waiting.map(([uid, { pod, cancel }]) => {
        cancel();
        return this.#write(uid, pod);
      }),
    );
  }
}
