/** An upgraded stream as a socket of messages. */
import type { MuxStream, StreamSink } from './stream.ts';

export interface SocketClose {
  code: number;
  reason: string;
}

export interface MuxSocket {
  /** Sends one message; resolves when the peer's credit allows the next. */
  send(message: string | Uint8Array): Promise<void>;
  /** Closes with a WebSocket code. */
  close(code: number, reason: string): void;
  /** Messages in order until the socket closes; a broken stream ends them too. One reader. */
  readonly messages: AsyncIterable<string | Uint8Array>;
  /** Resolves when the socket is over, whoever ended it; code 1006 when the stream broke. */
  readonly closed: Promise<SocketClose>;
}

/** A socket over `stream`; `sink` is what must receive the stream's frames. */
export function createMuxSocket(stream: MuxStream): { socket: MuxSocket; sink: StreamSink } {
  const queue: { data: string | Uint8Array; size: number }[] = [];
  let wake: (() => void) | undefined;
  let over = false;
  let finish: (close: SocketClose) => void = () => {};
  const closed = new Promise<SocketClose>((resolve) => {
    finish = resolve;
  });
  const stop = (code: number, reason: string) => {
    if (over) return;
    over = true;
    finish({ code, reason });
    wake?.();
  };

  async function* read(): AsyncGenerator<string | Uint8Array> {
    for (;;) {
      const next = queue.shift();
      if (next) {
        stream.consume(next.size);
        yield next.data;
      } else if (over) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }

  return {
    sink: {
      message(data, size) {
        queue.push({ data, size });
        wake?.();
      },
      close: stop,
      reset: (reason) => stop(1006, reason),
    },
    socket: {
      send(message) {
        stream.send(message);
        return stream.writable();
      },
      close(code, reason) {
        stream.close(code, reason);
        stop(code, reason);
      },
      messages: { [Symbol.asyncIterator]: read },
      closed,
    },
  };
}
