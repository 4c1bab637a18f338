/** Many streams over one connection of messages. Symmetric: either side opens streams. */
import {
  decodeClose,
  decodeFrame,
  decodeRequestHead,
  decodeResponseHead,
  decodeText,
  decodeWindow,
  encodeFrame,
  encodeJson,
  type Frame,
  FrameType,
  MAX_FRAME,
  MuxProtocolError,
  type RequestHead,
} from './frame.ts';
import { INITIAL_WINDOW, type MuxStream, StreamCore, type StreamSink, type StreamState } from './stream.ts';

/** Streams that a peer may have open at once. */
const MAX_STREAMS = 4096;

export interface MuxOptions {
  /** Decides the stream ids: those of the dialer are odd. */
  role: 'dialer' | 'acceptor';
  /** Sends one message on the connection below. */
  send(frame: Uint8Array): void;
  /** Closes the connection below after a breach of the protocol. */
  close(code: number, reason: string): void;
  /** The peer opened a stream: answer with `stream.respond` and set a sink with `stream.attach`. */
  onRequest(head: RequestHead, stream: MuxStream): void;
  /** Lowest id to use for streams opened here; what `nextId` said before hibernation. */
  nextId?: number;
}

export interface MuxConnection {
  /** Feeds one message of the connection below. */
  receive(message: Uint8Array | ArrayBuffer | string): void;
  /** Opens a stream. The request's bytes follow with `write` and `end` when `head.body` is true. */
  open(head: RequestHead, sink: StreamSink): MuxStream;
  /** Takes up an upgraded stream again after hibernation. */
  restore(state: StreamState, sink: StreamSink): MuxStream;
  /** The connection below is gone: every stream breaks with `reason`. */
  closed(reason: string): void;
  /** The id that the next `open` takes. */
  readonly nextId: number;
  /** Streams open now. */
  readonly size: number;
}

/** A connection over `options.send`. Throws nothing at the peer's bidding: a breach ends in `options.close`. */
export function createMux(options: MuxOptions): MuxConnection {
  return new Mux(options);
}

class Mux implements MuxConnection {
  #options: MuxOptions;
  #streams = new Map<number, StreamCore>();
  #nextId: number;
  #dead = false;
  readonly #parity: number;

  constructor(options: MuxOptions) {
    this.#options = options;
    this.#parity = options.role === 'dialer' ? 1 : 0;
    this.#nextId = options.nextId ?? (options.role === 'dialer' ? 1 : 2);
  }

  get nextId(): number {
    return this.#nextId;
  }

  get size(): number {
    return this.#streams.size;
  }

  receive(message: Uint8Array | ArrayBuffer | string): void {
    if (this.#dead) return;
    try {
      if (typeof message === 'string') throw new MuxProtocolError(1003, 'text message on a binary connection');
      this.#dispatch(decodeFrame(message instanceof Uint8Array ? message : new Uint8Array(message)));
    } catch (error) {
      if (!(error instanceof MuxProtocolError)) throw error;
      this.#options.close(error.code, error.message);
      this.closed(`protocol error: ${error.message}`);
    }
  }

  open(head: RequestHead, sink: StreamSink): MuxStream {
    const id = this.#nextId;
    this.#nextId += 2;
    const sendOpen = head.body || head.upgrade === true;
    const stream = this.#add({ id, credit: INITIAL_WINDOW, debt: 0 }, sink, sendOpen);
    if (this.#dead) {
      queueMicrotask(() => stream.broken('connection is closed'));
      return stream;
    }
    const frame = encodeJson(FrameType.request, id, head);
    if (frame.byteLength > MAX_FRAME) queueMicrotask(() => stream.broken('request head is too big'));
    else this.#options.send(frame);
    return stream;
  }

  restore(state: StreamState, sink: StreamSink): MuxStream {
    return this.#add(state, sink, true);
  }

  closed(reason: string): void {
    this.#dead = true;
    const streams = [...this.#streams.values()];
    for (const stream of streams) stream.broken(reason);
    this.#streams.clear();
  }

  #add(state: StreamState, sink: StreamSink, sendOpen: boolean, receiveOpen = true): StreamCore {
    const host = {
      send: (frame: Uint8Array) => {
        if (!this.#dead) this.#options.send(frame);
      },
      finished: (id: number) => {
        this.#streams.delete(id);
      },
    };
    const stream = new StreamCore(host, { state, sink, sendOpen, receiveOpen });
    this.#streams.set(state.id, stream);
    return stream;
  }

  #dispatch(frame: Frame): void {
    const stream = this.#streams.get(frame.stream);
    if (frame.type === FrameType.request) this.#accept(frame);
    else if (!stream) this.#unknown(frame);
    else if (!deliver(stream, frame)) {
      const { sink } = stream;
      stream.reset('sent more than was granted');
      sink.reset('the peer sent more than it was granted');
    }
  }

  #accept(frame: Frame): void {
    const { stream: id } = frame;
    if (id % 2 === this.#parity) throw new MuxProtocolError(1002, `stream id ${id} belongs to the other side`);
    if (this.#streams.has(id)) throw new MuxProtocolError(1002, `stream ${id} is open already`);
    const head = decodeRequestHead(frame.payload);
    if (this.#streams.size >= MAX_STREAMS) {
      this.#options.send(encodeFrame(FrameType.reset, id, new TextEncoder().encode('too many open streams')));
      return;
    }
    const stream = this.#add(
      { id, credit: INITIAL_WINDOW, debt: 0 },
      { reset() {} },
      true,
      head.body || head.upgrade === true,
    );
    this.#options.onRequest(head, stream);
  }

  /** Frames of a stream that ended here a moment ago are normal; of one that never was, they are a breach. */
  #unknown(frame: Frame): void {
    const mine = frame.stream % 2 === this.#parity;
    if (mine && frame.stream >= this.#nextId)
      throw new MuxProtocolError(1002, `stream ${frame.stream} was never opened`);
    const goesOn =
      frame.type === FrameType.data ||
      frame.type === FrameType.text ||
      frame.type === FrameType.binary ||
      frame.type === FrameType.response;
    if (goesOn)
      this.#options.send(encodeFrame(FrameType.reset, frame.stream, new TextEncoder().encode('stream is closed')));
  }
}

/** Hands a frame to its stream; false when the peer overran its credit. */
function deliver(stream: StreamCore, frame: Frame): boolean {
  switch (frame.type) {
    case FrameType.response:
      stream.sink.response?.(decodeResponseHead(frame.payload));
      return true;
    case FrameType.data:
      return stream.received(frame.payload);
    case FrameType.text:
    case FrameType.binary:
      return stream.receivedPart(frame.type === FrameType.text, frame.payload, frame.more);
    case FrameType.end:
      stream.ended();
      return true;
    case FrameType.close: {
      const { code, reason } = decodeClose(frame.payload);
      stream.closed(code, reason);
      return true;
    }
    case FrameType.reset:
      stream.broken(decodeText(frame.payload));
      return true;
    case FrameType.window:
      stream.granted(decodeWindow(frame.payload));
      return true;
    default:
      return true;
  }
}
