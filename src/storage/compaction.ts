/** One pass of compaction (COMPACT-1). */
import type { ShardEngine } from './engine.ts';

export interface CompactionOptions {
  /** Milliseconds since the epoch. */
  now: number;
  /** Milliseconds of history to keep. */
  historyMs: number;
  /** Events dropped in one pass, so that requests get their turn in between. */
  limit: number;
  onError(error: unknown): void;
}

const FIRST_RETRY_MS = 1000;

/**
 * Drops what is older than the history and answers when the next pass is due; undefined when nothing is left to drop,
 * ever, without another write. A failed pass is tried again: thrown errors would end the alarm after some retries.
 */
export function runCompaction(engine: ShardEngine, options: CompactionOptions): number | undefined {
  const { now, historyMs, limit, onError } = options;
  try {
    if (engine.compact(now - historyMs, limit)) return now;
    const oldest = engine.oldestEvent();
    return oldest === undefined ? undefined : Math.max(oldest + historyMs, now + historyMs / 2);
  } catch (error) {
    onError(error);
    return now + Math.max(FIRST_RETRY_MS, historyMs / 10);
  }
}
