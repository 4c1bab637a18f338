/** Removes images that nothing uses when the disk fills up. Upstream: pkg/kubelet/images/image_gc_manager.go. */
import { statfs } from 'node:fs/promises';
import { type Clock, delay } from '../../base/clock.ts';
import { type Log, messageOf } from '../log.ts';
import type { Container, ContainerRuntime, Image } from '../runtime/contract.ts';

/** Parts of the disk: collection begins above the first and ends below the second. */
const HIGH = 0.85;
const LOW = 0.8;
/** Milliseconds that an image must have been known for. */
const MIN_AGE = 120_000;
const INTERVAL = 300_000;

interface ImageRecord {
  firstSeen: number;
  /** 0: never. */
  lastUsed: number;
}

export interface DiskUsage {
  /** Bytes. */
  capacity: number;
  available: number;
}

/** Remembers when images were first seen and last used. */
export class ImageHistory {
  readonly #records = new Map<string, ImageRecord>();

  note(images: readonly Image[], containers: readonly Container[], now: number): void {
    const used = new Set(containers.flatMap(({ image, imageRef }) => [image, imageRef]));
    const known = new Set(images.map(({ id }) => id));
    for (const id of this.#records.keys()) if (!known.has(id)) this.#records.delete(id);
    for (const image of images) {
      const record = this.#records.get(image.id) ?? { firstSeen: now, lastUsed: 0 };
      if ([image.id, ...image.repoTags, ...image.repoDigests].some((name) => used.has(name))) record.lastUsed = now;
      this.#records.set(image.id, record);
    }
  }

  /** Images to remove until `bytes` are free: those unused the longest first, as noted just now. */
  choose(images: readonly Image[], bytes: number, now: number): Image[] {
    const record = ({ id }: Image): ImageRecord => this.#records.get(id) ?? { firstSeen: now, lastUsed: 0 };
    const candidates = images
      .filter((image) => !image.pinned && record(image).lastUsed !== now && now - record(image).firstSeen >= MIN_AGE)
      .sort((a, b) => record(a).lastUsed - record(b).lastUsed || record(a).firstSeen - record(b).firstSeen);
    const chosen: Image[] = [];
    let left = bytes;
    for (const image of candidates) {
      if (left <= 0) break;
      chosen.push(image);
      left -= image.size;
    }
    return chosen;
  }
}

/** Bytes to free; 0 below the upper mark. */
export function bytesToFree({ capacity, available }: DiskUsage): number {
  const used = capacity - available;
  return used < capacity * HIGH ? 0 : Math.ceil(used - capacity * LOW);
}

export interface ImageCollectionOptions {
  runtime: ContainerRuntime;
  /** Folder on the file system of the images. */
  folder: string;
  clock: Clock;
  log: Log;
  /** Too little could be freed. */
  onFailure(message: string): void;
  signal: AbortSignal;
}

/** Looks every five minutes, until the signal. */
export async function runImageCollection(options: ImageCollectionOptions): Promise<void> {
  const { clock, log, signal } = options;
  const history = new ImageHistory();
  while (!signal.aborted) {
    await collect(options, history).catch((error) =>
      log('warn', 'images were not collected', { error: messageOf(error) }),
    );
    await delay(clock, INTERVAL, signal).catch(() => {});
  }
}

async function collect({ runtime, folder, clock, log, onFailure }: ImageCollectionOptions, history: ImageHistory) {
  const [images, containers, disk] = await Promise.all([
    runtime.listImages(),
    runtime.listContainers(),
    statfs(folder),
  ]);
  const now = clock.now();
  history.note(images, containers, now);
  const wanted = bytesToFree({ capacity: disk.blocks * disk.bsize, available: disk.bavail * disk.bsize });
  if (wanted === 0) return;
  let freed = 0;
  for (const image of history.choose(images, wanted, now)) {
    await runtime.removeImage(image.id);
    freed += image.size;
    log('info', 'an image was removed to free the disk', { image: image.repoTags[0] ?? image.id, bytes: image.size });
  }
  if (freed < wanted)
    onFailure(
      `Failed to garbage collect required amount of images. Attempted to free ${wanted} bytes, but only found ${freed} bytes eligible to free.`,
    );
}
