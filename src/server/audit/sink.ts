/**
 * Takes audit events off the path of requests: they wait in the isolate for a moment and go to the log in batches,
 * while the request that wrote first is kept alive. Upstream: plugin/pkg/audit/buffered.
 */
import { type Clock, delay } from '../../base/clock.ts';
import type { AuditLog, Logger } from '../contract.ts';
import type { AuditMetrics } from './metrics.ts';

export interface AuditSink {
  /** Takes one event as JSON text. Never waits; a full buffer drops it, and counts that. */
  write(event: string): void;
}

export interface AuditSinkOptions {
  log: AuditLog;
  clock: Clock;
  metrics: AuditMetrics;
  logger: Logger;
  waitUntil(work: Promise<unknown>): void;
}

const COLLECT_MS = 300;
/** A batch of so many characters or events goes at once. */
const BATCH_CHARACTERS = 256 * 1024;
const BATCH_EVENTS = 400;
const MAX_BUFFERED_CHARACTERS = 8 * 1024 * 1024;
const ATTEMPTS = 3;
/** The request that should have sent the buffer is gone: the next writer does it. */
const ABANDONED_AFTER_MS = 5_000;

export function createAuditSink(options: AuditSinkOptions): AuditSink {
  const { clock, metrics, waitUntil } = options;
  let buffer: string[] = [];
  let characters = 0;
  let scheduledAt: number | undefined;

  const flush = async (): Promise<void> => {
    scheduledAt = undefined;
    const batch = buffer;
    buffer = [];
    characters = 0;
    if (batch.length > 0) await send(batch, options);
  };

  return {
    write(event) {
      if (characters + event.length > MAX_BUFFERED_CHARACTERS) return metrics.failed('buffered', 1);
      metrics.written();
      buffer.push(event);
      characters += event.length;
      if (characters >= BATCH_CHARACTERS || buffer.length >= BATCH_EVENTS) return waitUntil(flush());
      const now = clock.now();
      if (scheduledAt !== undefined && now - scheduledAt < ABANDONED_AFTER_MS) return;
      scheduledAt = now;
      waitUntil(delay(clock, COLLECT_MS).then(flush));
    },
  };
}

async function send(batch: readonly string[], { log, clock, metrics, logger }: AuditSinkOptions): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const dropped = await log.append(batch);
      if (dropped > 0) metrics.failed('forward', dropped);
      return;
    } catch (error) {
      if (attempt < ATTEMPTS) {
        await delay(clock, 100 * 4 ** attempt);
        continue;
      }
      metrics.failed('log', batch.length);
      return logger.error('audit events were lost', { events: batch.length, error: String(error) });
    }
  }
}
