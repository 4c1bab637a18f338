import { createMux, type MuxConnection, type MuxHandler, serveStream } from '../../../src/base/mux/index.ts';

export interface Pair {
  dialer: MuxConnection;
  acceptor: MuxConnection;
  /** Frames sent by each side, in order. */
  sent: { from: 'dialer' | 'acceptor'; bytes: Uint8Array }[];
  closed: { code: number; reason: string }[];
  /** Stops delivery until called again. */
  pause(): void;
  resume(): void;
}

/** Two connections joined in memory; each message is delivered in a later microtask, in order. */
export function muxPair(handlers: { dialer?: MuxHandler; acceptor?: MuxHandler }): Pair {
  const refuse: MuxHandler = async () => ({ status: 404 });
  const sent: Pair['sent'] = [];
  const closed: Pair['closed'] = [];
  let paused = false;
  const held: (() => void)[] = [];
  const carry = (deliver: () => void) => {
    if (paused) held.push(deliver);
    else queueMicrotask(deliver);
  };
  const dialer: MuxConnection = createMux({
    role: 'dialer',
    send(bytes) {
      sent.push({ from: 'dialer', bytes });
      carry(() => acceptor.receive(bytes));
    },
    close: (code, reason) => void closed.push({ code, reason }),
    onRequest: (head, stream) => serveStream(head, stream, handlers.dialer ?? refuse),
  });
  const acceptor: MuxConnection = createMux({
    role: 'acceptor',
    send(bytes) {
      sent.push({ from: 'acceptor', bytes });
      carry(() => dialer.receive(bytes));
    },
    close: (code, reason) => void closed.push({ code, reason }),
    onRequest: (head, stream) => serveStream(head, stream, handlers.acceptor ?? refuse),
  });
  return {
    dialer,
    acceptor,
    sent,
    closed,
    pause: () => {
      paused = true;
    },
    resume: () => {
      paused = false;
      for (const deliver of held.splice(0)) queueMicrotask(deliver);
    },
  };
}

/** A body of `chunks` chunks of `size` bytes, counting how many were taken. */
export function countedBody(
  chunks: number,
  size: number,
): { body: ReadableStream<Uint8Array>; taken: () => number; cancelled: () => boolean } {
  let taken = 0;
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (taken === chunks) return controller.close();
        controller.enqueue(new Uint8Array(size).fill(taken++ & 255));
      },
      cancel() {
        cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { body, taken: () => taken, cancelled: () => cancelled };
}

/** Lets everything that can happen without time happen. */
export async function settle(rounds = 200): Promise<void> {
  for (let i = 0; i < rounds; i++) await new Promise((resolve) => setImmediate(resolve));
}
