/** One stream: what it may still send, what waits for credit, and where arriving frames go. */
import {
  CHUNK,
  encodeClose,
  encodeFrame,
  encodeJson,
  encodeWindow,
  FrameType,
  type FrameTypeCode,
  MAX_MESSAGE,
  type ResponseHead,
} from './frame.ts';

/** Bytes that a side may send before the other grants more. */
export const INITIAL_WINDOW = 256 * 1024;
/** Credit is given back in steps, so that small reads do not each cost a frame. */
const GRANT_STEP = INITIAL_WINDOW / 2;

/** Where arriving frames of a stream go. Everything but `reset` may be left out where it cannot occur. */
export interface StreamSink {
  response?(head: ResponseHead): void;
  /** Give the credit back with `consume` once the bytes are used. */
  data?(bytes: Uint8Array): void;
  end?(): void;
  /** A whole message; its credit goes back with `consume(size)`. */
  message?(data: string | Uint8Array, size: number): void;
  close?(code: number, reason: string): void;
  /** The peer granted credit, so `state` changed. */
  credit?(): void;
  /** The stream broke: reset by the peer, or the connection ended. Last call. */
  reset(reason: string): void;
}

/** What survives hibernation of the owner. */
export interface StreamState {
  id: number;
  /** Bytes this side may still send. */
  credit: number;
  /** Bytes consumed here and not granted to the peer so far. */
  debt: number;
}

export interface MuxStream {
  readonly id: number;
  respond(head: ResponseHead): void;
  /** Sends bytes, or keeps them until the peer grants credit: await `writable` to stay bounded. */
  write(bytes: Uint8Array): void;
  /** No more bytes from this side. */
  end(): void;
  send(message: string | Uint8Array): void;
  close(code: number, reason: string): void;
  /** Breaks the stream in both directions. */
  reset(reason: string): void;
  /** Tells that `bytes` of what arrived are used up. */
  consume(bytes: number): void;
  /** Resolves when nothing waits for credit; also when the stream is over. */
  writable(): Promise<void>;
  /** Bytes that wait here for credit. */
  readonly queued: number;
  /** True when nothing can be sent or received any more. */
  readonly over: boolean;
  /** The owner wants nothing more: once all is sent, what the peer still sends is dropped. */
  release(): void;
  /** Puts another receiver in place. */
  attach(sink: StreamSink): void;
  state(): StreamState;
}

interface Pending {
  type: FrameTypeCode;
  payload: Uint8Array;
  offset: number;
}

interface StreamHost {
  send(frame: Uint8Array): void;
  /** The stream is over on both sides: forget it. */
  finished(id: number): void;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The two halves of a stream; the connection feeds it frames. */
export class StreamCore implements MuxStream {
  readonly id: number;
  sink: StreamSink;
  #host: StreamHost;
  #credit: number;
  #debt: number;
  #allowance: number;
  #queue: Pending[] = [];
  #queued = 0;
  #waiting: (() => void)[] = [];
  #sendOpen: boolean;
  #receiveOpen: boolean;
  #over = false;
  #parts: Uint8Array[] = [];
  #partBytes = 0;

  constructor(
    host: StreamHost,
    options: { state: StreamState; sink: StreamSink; sendOpen: boolean; receiveOpen: boolean },
  ) {
    this.#host = host;
    this.id = options.state.id;
    this.sink = options.sink;
    this.#credit = options.state.credit;
    this.#debt = options.state.debt;
    this.#allowance = INITIAL_WINDOW - options.state.debt;
    this.#sendOpen = options.sendOpen;
    this.#receiveOpen = options.receiveOpen;
  }

  respond(head: ResponseHead): void {
    if (!this.#over) this.#host.send(encodeJson(FrameType.response, this.id, head));
  }

  write(bytes: Uint8Array): void {
    if (bytes.byteLength > 0) this.#enqueue({ type: FrameType.data, payload: bytes, offset: 0 });
  }

  end(): void {
    this.#enqueue({ type: FrameType.end, payload: new Uint8Array(0), offset: 0 });
  }

  send(message: string | Uint8Array): void {
    const text = typeof message === 'string';
    const payload = text ? encoder.encode(message) : message;
    if (payload.byteLength > MAX_MESSAGE) this.reset(`message of ${payload.byteLength} bytes is too big`);
    else this.#enqueue({ type: text ? FrameType.text : FrameType.binary, payload, offset: 0 });
  }

  close(code: number, reason: string): void {
    this.#enqueue({ type: FrameType.close, payload: encodeClose(code, reason), offset: 0 });
  }

  reset(reason: string): void {
    if (this.#over) return;
    this.#host.send(encodeFrame(FrameType.reset, this.id, encoder.encode(reason.slice(0, 512))));
    this.#finish();
  }

  consume(bytes: number): void {
    if (this.#over || !this.#receiveOpen) return;
    this.#debt += bytes;
    if (this.#debt < GRANT_STEP) return;
    this.#host.send(encodeWindow(this.id, this.#debt));
    this.#allowance += this.#debt;
    this.#debt = 0;
  }

  writable(): Promise<void> {
    if (this.#over || this.#queue.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  get queued(): number {
    return this.#queued;
  }

  get over(): boolean {
    return this.#over;
  }

  release(): void {
    if (this.#over || !this.#receiveOpen) return;
    this.#receiveOpen = false;
    if (this.#sendOpen) return;
    // The peer may be in the middle of a body that nobody reads.
    this.#host.send(encodeFrame(FrameType.reset, this.id, encoder.encode('answered')));
    this.#finish();
  }

  attach(sink: StreamSink): void {
    this.sink = sink;
  }

  state(): StreamState {
    return { id: this.id, credit: this.#credit, debt: this.#debt };
  }

  /** WINDOW arrived. */
  granted(bytes: number): void {
    this.#credit += bytes;
    this.#flush();
    this.sink.credit?.();
  }

  /** DATA arrived; false when the peer sent more than it was granted. */
  received(bytes: Uint8Array): boolean {
    if (!this.#receiveOpen || this.#over) return true;
    this.#allowance -= bytes.byteLength;
    if (this.#allowance < 0) return false;
    this.sink.data?.(bytes);
    return true;
  }

  /** A part of a message arrived; false when the peer sent more than it may. */
  receivedPart(text: boolean, bytes: Uint8Array, more: boolean): boolean {
    if (!this.#receiveOpen || this.#over) return true;
    this.#allowance -= bytes.byteLength;
    if (this.#allowance < 0 || this.#partBytes + bytes.byteLength > MAX_MESSAGE) return false;
    if (more) {
      this.#parts.push(bytes.slice());
      this.#partBytes += bytes.byteLength;
      // A message may be longer than the window, so its earlier parts give their credit back at once.
      this.consume(bytes.byteLength);
      return true;
    }
    const whole = this.#parts.length === 0 ? bytes : join([...this.#parts, bytes], this.#partBytes + bytes.byteLength);
    this.#parts = [];
    this.#partBytes = 0;
    this.sink.message?.(text ? decoder.decode(whole) : whole, bytes.byteLength);
    return true;
  }

  /** END arrived. */
  ended(): void {
    if (!this.#receiveOpen) return;
    this.#receiveOpen = false;
    this.sink.end?.();
    this.#settle();
  }

  /** CLOSE arrived: an upgraded stream is over in both directions. */
  closed(code: number, reason: string): void {
    const { sink } = this;
    if (this.#sendOpen) this.#host.send(encodeFrame(FrameType.close, this.id, encodeClose(code, reason)));
    this.#finish();
    sink.close?.(code, reason);
  }

  /** RESET arrived, or the connection is gone. */
  broken(reason: string): void {
    if (this.#over) return;
    const { sink } = this;
    this.#finish();
    sink.reset(reason);
  }

  #enqueue(pending: Pending): void {
    if (this.#over || !this.#sendOpen) return;
    this.#queue.push(pending);
    this.#queued += pending.payload.byteLength;
    this.#flush();
  }

  #flush(): void {
    while (this.#queue.length > 0) {
      const head = this.#queue[0] as Pending;
      if (head.type === FrameType.end || head.type === FrameType.close) {
        this.#queue.shift();
        this.#queued -= head.payload.byteLength;
        this.#host.send(encodeFrame(head.type, this.id, head.payload));
        this.#sendOpen = false;
        if (head.type === FrameType.close) this.#finish();
        else this.#settle();
        continue;
      }
      const left = head.payload.byteLength - head.offset;
      const size = Math.min(left, CHUNK, this.#credit);
      if (size === 0 && left > 0) return;
      const last = size === left;
      const part = head.payload.subarray(head.offset, head.offset + size);
      this.#host.send(encodeFrame(head.type, this.id, part, !last && head.type !== FrameType.data));
      this.#credit -= size;
      this.#queued -= size;
      head.offset += size;
      if (last) this.#queue.shift();
    }
    this.#wake();
  }

  #settle(): void {
    if (!this.#sendOpen && !this.#receiveOpen) this.#finish();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#sendOpen = false;
    this.#receiveOpen = false;
    this.#queue = [];
    this.#queued = 0;
    this.#host.finished(this.id);
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

function join(parts: Uint8Array[], size: number): Uint8Array {
  const out = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.byteLength;
  }
  return out;
}
