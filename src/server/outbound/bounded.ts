/** Limits of a call: how long it takes and how much it answers. */
import type { Clock } from '../../base/clock.ts';
import { OutboundError } from './contract.ts';

export interface Limits {
  clock: Clock;
  timeoutMs?: number | undefined;
  maxBytes?: number | undefined;
  /** The caller's own reason to give up. */
  signal?: AbortSignal | undefined;
}

/**
 * Runs `send` with a signal that aborts when time is up, and bounds the answer's body by the same time and by size.
 * Throws OutboundError `timeout` whether or not `send` heeds the signal.
 */
export async function bounded(limits: Limits, send: (signal: AbortSignal) => Promise<Response>): Promise<Response> {
  const { clock, timeoutMs, maxBytes, signal } = limits;
  const controller = new AbortController();
  const abort = (reason: unknown): void => {
    release();
    controller.abort(reason);
  };
  const onAbort = (): void => abort(new OutboundError('timeout', 'context canceled'));
  const cancel =
    timeoutMs === undefined
      ? () => undefined
      : clock.after(timeoutMs, () => abort(new OutboundError('timeout', 'context deadline exceeded')));
  const release = (): void => {
    cancel();
    signal?.removeEventListener('abort', onAbort);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  const gaveUp = new Promise<never>((_, reject) => {
    if (controller.signal.aborted) reject(controller.signal.reason);
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason), { once: true });
  });
  gaveUp.catch(() => undefined);
  try {
    const response = await Promise.race([send(controller.signal), gaveUp]);
    if (!response.body || response.status === 101) {
      release();
      return response;
    }
    return withBody(response, limitBody(response.body, { gaveUp, maxBytes, release }));
  } catch (error) {
    release();
    throw error;
  }
}

function withBody(response: Response, body: ReadableStream<Uint8Array>): Response {
  const { status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers });
}

interface BodyLimits {
  gaveUp: Promise<never>;
  maxBytes: number | undefined;
  release(): void;
}

function limitBody(body: ReadableStream<Uint8Array>, { gaveUp, maxBytes, release }: BodyLimits) {
  const reader = body.getReader();
  let read = 0;
  const fail = (error: unknown): never => {
    release();
    reader.cancel(error).catch(() => undefined);
    throw error;
  };
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await Promise.race([reader.read(), gaveUp]).catch(fail);
      if (done) {
        release();
        controller.close();
        return;
      }
      read += value.byteLength;
      if (maxBytes !== undefined && read > maxBytes)
        fail(new OutboundError('tooLarge', `response body is larger than ${maxBytes} bytes`));
      controller.enqueue(value);
    },
    cancel(reason) {
      release();
      return reader.cancel(reason);
    },
  });
}
