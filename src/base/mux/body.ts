/** Byte streams of the platform on top of mux streams, with the flow control of both joined. */
import { INITIAL_WINDOW, type MuxStream } from './stream.ts';

export interface BodyReader {
  readonly stream: ReadableStream<Uint8Array>;
  push(bytes: Uint8Array): void;
  end(): void;
  fail(reason: string): void;
}

/** A ReadableStream fed by frames; credit goes back to the peer as the reader takes bytes. `cancel` runs when it stops reading. */
export function createBodyReader(stream: MuxStream, cancel: (reason: unknown) => void): BodyReader {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let unread = 0;
  let open = true;
  const readable = new ReadableStream<Uint8Array>(
    {
      start(c) {
        controller = c;
      },
      pull(c) {
        const queued = INITIAL_WINDOW - (c.desiredSize ?? 0);
        if (unread > queued) stream.consume(unread - queued);
        unread = queued;
      },
      cancel(reason) {
        open = false;
        cancel(reason);
      },
    },
    { highWaterMark: INITIAL_WINDOW, size: (chunk) => chunk.byteLength },
  );
  return {
    stream: readable,
    push(bytes) {
      if (!open) return stream.consume(bytes.byteLength);
      unread += bytes.byteLength;
      controller?.enqueue(bytes);
    },
    end() {
      if (open) controller?.close();
      open = false;
    },
    fail(reason) {
      if (open) controller?.error(new Error(reason));
      open = false;
    },
  };
}

/** Sends a body chunk by chunk, never more than the peer granted plus one chunk, then END. A failing body resets the stream. */
export async function sendBody(stream: MuxStream, body: ReadableStream<Uint8Array> | null): Promise<void> {
  if (!body) return stream.end();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      stream.write(value);
      await stream.writable();
      if (stream.over) {
        await reader.cancel('the other side stopped reading');
        return;
      }
    }
    stream.end();
  } catch (error) {
    stream.reset(error instanceof Error ? error.message : String(error));
  }
}
