/**
 * Bounds what is sent ahead on a SPDY connection to a server of the spdystream family. Such a server reads all frames in
 * one loop and hands them to five workers, by stream number modulo five, each with a queue of 50 frames; a worker stands
 * still while its stream's data is not consumed. Once a queue is full the loop stands still too, and with it every stream
 * and the end of the connection. The server grants no windows, but it hands pings to the workers in turn, and a worker
 * answers in order: the answer to a ping says that the frames before it in that queue are consumed.
 */
const WORKERS = 5;
/**
 * Frames between two pings of a worker. Three of these and their pings stay below a queue's 50, with room for the pings
 * that go round past a worker that stands still while streams of the others flow.
 */
const BATCH = 12;
const MAX_UNANSWERED = 2;

export interface SendWindow {
  /** Undefined when one more frame of the stream may be sent at once, else resolves when it may or the window is closed. */
  take(streamId: number): Promise<void> | undefined;
  /** A ping came back. */
  answered(pingId: number): void;
  /** Lets every sender go. */
  close(): void;
}

interface Lane {
  /** Frames since the last ping. */
  frames: number;
  unanswered: number;
  waiting: (() => void)[];
}

/** `ping` sends a ping of that (odd) number. */
export function createSendWindow(ping: (id: number) => void): SendWindow {
  const lanes = Array.from({ length: WORKERS }, (): Lane => ({ frames: 0, unanswered: 0, waiting: [] }));
  const marks = new Map<number, Lane>();
  let sent = 0;
  let closed = false;
  const release = (lane: Lane) => {
    for (const go of lane.waiting.splice(0)) go();
  };
  /** Pings until one was that of the worker: they go round. */
  const mark = (worker: number, lane: Lane) => {
    lane.frames = 0;
    lane.unanswered += 1;
    let reached = false;
    while (!reached) {
      const id = 2 * sent + 1;
      reached = sent % WORKERS === worker;
      if (reached) marks.set(id, lane);
      sent += 1;
      ping(id);
    }
  };
  const admit = (streamId: number): boolean => {
    const worker = streamId % WORKERS;
    const lane = lanes[worker] as Lane;
    if (lane.frames >= BATCH && lane.unanswered < MAX_UNANSWERED) mark(worker, lane);
    if (lane.frames >= BATCH) return false;
    lane.frames += 1;
    return true;
  };
  const wait = async (streamId: number) => {
    const { waiting } = lanes[streamId % WORKERS] as Lane;
    do await new Promise<void>((resolve) => waiting.push(resolve));
    while (!closed && !admit(streamId));
  };
  return {
    take: (streamId) => (closed || admit(streamId) ? undefined : wait(streamId)),
    answered(pingId) {
      const lane = marks.get(pingId);
      if (!lane) return;
      marks.delete(pingId);
      lane.unanswered -= 1;
      release(lane);
    },
    close() {
      closed = true;
      lanes.forEach(release);
    },
  };
}
