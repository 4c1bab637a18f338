/** Whether memory or disk run out. Upstream: pkg/kubelet/eviction with its default thresholds. */
import { statfs } from 'node:fs/promises';
import os from 'node:os';
import type { Clock } from '../../base/clock.ts';

/** Kept from pods as well: `memory.available<100Mi`. */
export const MEMORY_THRESHOLD = 100 * 1024 * 1024;
/** Images and pods are on one file system, so the stricter of `imagefs.available<15%` and `nodefs.available<10%` counts. */
const DISK_THRESHOLD = 0.15;
/** `nodefs.inodesFree<5%`. */
const INODE_THRESHOLD = 0.05;
/** A pressure is said to be over when it has been for this long. Upstream: evictionPressureTransitionPeriod. */
const TRANSITION_MS = 300_000;

export interface Availability {
  memoryBytes: number;
  /** Parts of the whole. */
  disk: number;
  inodes: number;
}

export interface PressureState {
  memory: boolean;
  disk: boolean;
}

/** What is left for pods on this machine, on the file system of `folder`. */
export async function readAvailability(folder: string): Promise<Availability> {
  const { bavail, blocks, ffree, files } = await statfs(folder);
  // Some file systems have no inodes to run out of.
  return { memoryBytes: os.freemem(), disk: bavail / blocks, inodes: files > 0 ? ffree / files : 1 };
}

/** Which thresholds are crossed right now. */
export const crossed = ({ memoryBytes, disk, inodes }: Availability): PressureState => ({
  memory: memoryBytes < MEMORY_THRESHOLD,
  disk: disk < DISK_THRESHOLD || inodes < INODE_THRESHOLD,
});

/** Conditions of a node: as crossed, and for a while after. */
export class PressureGauge {
  readonly #clock: Clock;
  readonly #last: Partial<Record<keyof PressureState, number>> = {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  observe(availability: Availability): PressureState {
    const now = this.#clock.now();
    const state = crossed(availability);
    const held = (what: keyof PressureState): boolean => {
      if (state[what]) this.#last[what] = now;
      const at = this.#last[what];
      return at !== undefined && now - at < TRANSITION_MS;
    };
    return { memory: held('memory'), disk: held('disk') };
  }
}
