import { parseJson } from '../machinery/exact-numbers.ts';
import type { KubeObject } from '../machinery/meta.ts';
import { internalError, type Status } from '../machinery/status.ts';
import type { WatchEvent } from './client.ts';
import { errorOfStatus } from './status-of.ts';

/** A line longer than this is no event: the largest object is 1.5 MiB. */
const MAX_LINE = 8 * 1024 * 1024;

/**
 * The events of a watch response, one line of JSON each, however the lines are cut into chunks. An `ERROR` event is
 * thrown as its StatusError. A line that is cut off by the end of the stream is dropped: its event comes again when
 * the watch is resumed. Leaving the loop, or aborting `signal`, cancels the stream; an abort ends the loop quietly.
 */
export async function* readWatch<T extends KubeObject>(
  body: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<WatchEvent<T>> {
  const reader = body.getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  signal?.addEventListener('abort', cancel, { once: true });
  const lines = createLineSplitter();
  try {
    while (!signal?.aborted) {
      const { done, value } = await reader.read();
      if (done || signal?.aborted) return;
      for (const line of lines(value)) yield parseEvent<T>(line);
    }
  } catch (error) {
    if (!signal?.aborted) throw error;
  } finally {
    signal?.removeEventListener('abort', cancel);
    cancel();
  }
}

/** Chunks in, complete lines out. Parts of a long line are joined once, when its end is there. */
function createLineSplitter(): (chunk: Uint8Array) => string[] {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  let held = 0;
  return (chunk) => {
    const text = decoder.decode(chunk, { stream: true });
    const lines: string[] = [];
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      parts.push(text.slice(start, end));
      const line = parts.length === 1 ? parts[0]! : parts.join('');
      if (line.trim() !== '') lines.push(line);
      parts = [];
      held = 0;
      start = end + 1;
    }
    if (start < text.length) {
      parts.push(text.slice(start));
      held += text.length - start;
      if (held > MAX_LINE) throw internalError('a watch event exceeds the size of any object');
    }
    return lines;
  };
}

function parseEvent<T extends KubeObject>(line: string): WatchEvent<T> {
  let event: { type?: unknown; object?: unknown };
  try {
    event = parseJson(line) as { type?: unknown; object?: unknown };
  } catch {
    throw internalError('a watch event is not valid JSON');
  }
  if (event.type === 'ERROR') throw errorOfStatus((event.object ?? {}) as Status);
  const known = event.type === 'ADDED' || event.type === 'MODIFIED' || event.type === 'DELETED';
  if ((!known && event.type !== 'BOOKMARK') || typeof event.object !== 'object' || event.object === null) {
    throw internalError('a watch event has no known type or no object');
  }
  return event as WatchEvent<T>;
}
