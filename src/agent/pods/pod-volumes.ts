/** The volumes of one pod. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod, Volume } from '../../kinds/index.ts';
import { StatusError } from '../../machinery/status.ts';
import { messageOf } from '../log.ts';
import { runCommand } from '../node/command.ts';
import { holdsFiles } from '../volumes/atomic-writer.ts';
import { type MountedVolume, pluginFor, VolumeError } from '../volumes/index.ts';
import { mountsBelow } from '../volumes/tmpfs.ts';
import { Backoff } from './backoff.ts';
import type { PodContext } from './context.ts';

export interface MountFailure {
  volume: string;
  message: string;
}

const FIRST_RETRY = 500;
const MAX_RETRY = 122_000;

/** Folder of everything the node keeps for a pod. */
export const podFolder = (context: PodContext, uid: string): string => join(context.node().podsDir, uid);

export class PodVolumes {
  readonly #context: PodContext;
  readonly #folder: string;
  readonly #onChange: () => void;
  readonly #mounted = new Map<string, MountedVolume>();
  readonly #backoff: Backoff;
  #stopFollowing: (() => void) | undefined;
  #stale = false;

  constructor(context: PodContext, uid: string, onChange: () => void) {
    this.#context = context;
    this.#folder = podFolder(context, uid);
    this.#onChange = onChange;
    this.#backoff = new Backoff(context.clock, FIRST_RETRY, MAX_RETRY);
  }

  get mounted(): ReadonlyMap<string, MountedVolume> {
    return this.#mounted;
  }

  /** Says that objects behind volumes changed: the next `ensure` writes them again. */
  markStale(): void {
    this.#stale = true;
  }

  get isStale(): boolean {
    return this.#stale;
  }

  /** When `ensure` wants to be called again, for tokens and failed volumes. */
  get dueAt(): number | undefined {
    const times = [...this.#mounted.values()].flatMap((mounted) => mounted.refreshAt ?? []);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Milliseconds until failed volumes are tried again. */
  retryIn(pod: Pod): number {
    const waits = (pod.spec?.volumes ?? []).map((volume) => this.#backoff.remainingSinceUpdate(volume.name));
    return Math.max(0, ...waits);
  }

  /** Sets up what is missing or due; answers the volumes that failed. Those in back-off count as failed, untold. */
  async ensure(pod: Pod): Promise<{ failures: MountFailure[]; complete: boolean }> {
    const volumes = pod.spec?.volumes ?? [];
    this.#follow(pod, volumes);
    const everything = this.#stale;
    this.#stale = false;
    const failures: MountFailure[] = [];
    await Promise.all(
      volumes.map(async (volume) => {
        const mounted = this.#mounted.get(volume.name);
        const due = mounted?.refreshAt !== undefined && mounted.refreshAt <= this.#context.clock.now();
        if (mounted !== undefined && !due && !everything) return;
        if (this.#backoff.remainingSinceUpdate(volume.name) > 0) return;
        try {
          this.#mounted.set(volume.name, await this.#setUp(pod, volume));
          this.#backoff.forget(volume.name);
        } catch (error) {
          this.#backoff.next(volume.name);
          const old = isUnreachable(error) ? await this.#leftBehind(volume) : undefined;
          if (old !== undefined) this.#mounted.set(volume.name, old);
          else failures.push({ volume: volume.name, message: messageOf(error) });
        }
      }),
    );
    return { failures, complete: volumes.every((volume) => this.#mounted.has(volume.name)) };
  }

  async #setUp(pod: Pod, volume: Volume): Promise<MountedVolume> {
    const plugin = pluginFor(volume);
    if (plugin === undefined) throw new VolumeError('this node cannot mount volumes of its type');
    const parent = join(this.#folder, 'volumes', plugin.folder);
    await mkdir(parent, { recursive: true, mode: 0o750 });
    return plugin.setUp({ pod, volume, folder: join(parent, volume.name), context: this.#context });
  }

  /** What an earlier agent mounted serves while the API is away. */
  async #leftBehind(volume: Volume): Promise<MountedVolume | undefined> {
    const path = join(this.#folder, 'volumes', pluginFor(volume)?.folder ?? '', volume.name);
    if (!(await holdsFiles(path))) return undefined;
    const refreshAt = this.#context.clock.now() + this.#backoff.remainingSinceUpdate(volume.name);
    return { path, readOnly: true, refreshAt };
  }

  #follow(pod: Pod, volumes: readonly Volume[]): void {
    if (this.#stopFollowing !== undefined) return;
    const namespace = pod.metadata.namespace ?? '';
    const references = volumes.flatMap((volume) => pluginFor(volume)?.references?.(volume, namespace) ?? []);
    this.#stopFollowing = this.#context.objects.follow(references, this.#onChange);
  }

  stopFollowing(): void {
    this.#stopFollowing?.();
    this.#stopFollowing = undefined;
  }

  /** Unmounts everything and removes the pod's folder. */
  async tearDown(): Promise<void> {
    this.stopFollowing();
    await removePodFolder(this.#folder);
    this.#mounted.clear();
  }
}

/** Whether files of a pod's volumes tell of it what has changed. */
export function tellsOtherwise(before: Pod, after: Pod): boolean {
  const told = ({ metadata }: Pod): string =>
    JSON.stringify([metadata.labels ?? {}, metadata.annotations ?? {}, metadata.generation]);
  const volumes = after.spec?.volumes ?? [];
  const tells = volumes.some(
    ({ downwardAPI, projected }) => downwardAPI ?? projected?.sources?.some((source) => source.downwardAPI),
  );
  return tells && told(before) !== told(after);
}

/** Whether no API server answered, or one that is broken. */
const isUnreachable = (error: unknown): boolean =>
  !(error instanceof VolumeError) && !(error instanceof StatusError && error.code < 500);

/** Also for folders of pods that nobody knows any more. */
export async function removePodFolder(folder: string): Promise<void> {
  for (const path of await mountsBelow(folder)) {
    const result = await runCommand('umount', [path]);
    if (result.code !== 0) await runCommand('umount', ['-l', path]);
  }
  // A mount that could not be undone must not lose its content.
  if ((await mountsBelow(folder)).length > 0) throw new VolumeError(`cannot unmount what lies below ${folder}`);
  await rm(folder, { recursive: true, force: true });
}
