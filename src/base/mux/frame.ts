/**
 * The wire format: one frame per message of the connection below.
 *
 *     byte 0      type, with MORE set when a message frame is continued by the next one
 *     bytes 1-4   stream id, big endian
 *     bytes 5-    payload
 *
 * A frame never exceeds MAX_FRAME; whatever is longer travels in several.
 */

export const FrameType = {
  request: 1,
  response: 2,
  data: 3,
  end: 4,
  reset: 5,
  window: 6,
  text: 7,
  binary: 8,
  close: 9,
} as const;

export type FrameTypeCode = (typeof FrameType)[keyof typeof FrameType];

export interface Frame {
  type: FrameTypeCode;
  /** Only on text and binary: the message goes on in the next frame of its stream. */
  more: boolean;
  stream: number;
  payload: Uint8Array;
}

/** What opens a stream. */
export interface RequestHead {
  method: string;
  /** Path with query, or a whole URL. */
  url: string;
  headers: [string, string][];
  /** False when the opener sends no data: the stream is then half closed from the start. */
  body: boolean;
  /** True asks for a stream of messages (a WebSocket) instead of bytes. */
  upgrade?: boolean;
}

export interface ResponseHead {
  status: number;
  headers: [string, string][];
  /** True when an upgrade was accepted: messages follow. */
  upgraded?: boolean;
}

/** Bytes of a frame's header. */
export const HEADER = 5;
/** Largest frame accepted, header included. */
export const MAX_FRAME = 128 * 1024;
/** Largest payload sent in one data or message frame: small enough that streams take fair turns. */
export const CHUNK = 64 * 1024;
/** Largest message of an upgraded stream, over all its frames. */
export const MAX_MESSAGE = 16 * 1024 * 1024;

const MORE = 0x80;
const MAX_TYPE = 9;

/** The peer broke the protocol; the connection is closed with this code and reason. */
export class MuxProtocolError extends Error {
  override readonly name = 'MuxProtocolError';
  /** WebSocket close code: 1002 protocol error, 1003 wrong message type, 1009 too big. */
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One frame as bytes. */
export function encodeFrame(type: FrameTypeCode, stream: number, payload?: Uint8Array, more = false): Uint8Array {
  const out = new Uint8Array(HEADER + (payload?.byteLength ?? 0));
  out[0] = more ? type | MORE : type;
  out[1] = stream >>> 24;
  out[2] = stream >>> 16;
  out[3] = stream >>> 8;
  out[4] = stream;
  if (payload) out.set(payload, HEADER);
  return out;
}

/** A frame whose payload is JSON. */
export function encodeJson(type: FrameTypeCode, stream: number, value: unknown): Uint8Array {
  return encodeFrame(type, stream, encoder.encode(JSON.stringify(value)));
}

/** WINDOW: the peer may send `bytes` more. */
export function encodeWindow(stream: number, bytes: number): Uint8Array {
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setUint32(0, bytes);
  return encodeFrame(FrameType.window, stream, payload);
}

/** Reads one frame; the payload is a view of `message`. Throws MuxProtocolError. */
export function decodeFrame(message: Uint8Array): Frame {
  if (message.byteLength > MAX_FRAME)
    throw new MuxProtocolError(1009, `frame of ${message.byteLength} bytes is too big`);
  if (message.byteLength < HEADER) throw new MuxProtocolError(1002, 'frame is shorter than its header');
  const first = message[0] as number;
  const type = first & ~MORE;
  const more = (first & MORE) !== 0;
  if (type < 1 || type > MAX_TYPE) throw new MuxProtocolError(1002, `unknown frame type ${type}`);
  if (more && type !== FrameType.text && type !== FrameType.binary) {
    throw new MuxProtocolError(1002, `frame type ${type} cannot be continued`);
  }
  const stream = new DataView(message.buffer, message.byteOffset, HEADER).getUint32(1);
  if (stream === 0) throw new MuxProtocolError(1002, 'stream id 0');
  return { type: type as FrameTypeCode, more, stream, payload: message.subarray(HEADER) };
}

/** The bytes a WINDOW frame grants. */
export function decodeWindow(payload: Uint8Array): number {
  if (payload.byteLength !== 4) throw new MuxProtocolError(1002, 'malformed window frame');
  return new DataView(payload.buffer, payload.byteOffset, 4).getUint32(0);
}

/** Text of a RESET frame and the like. */
export function decodeText(payload: Uint8Array): string {
  return decoder.decode(payload);
}

/** Code and reason of a CLOSE frame. */
export function decodeClose(payload: Uint8Array): { code: number; reason: string } {
  if (payload.byteLength < 2) return { code: 1005, reason: '' };
  return { code: ((payload[0] as number) << 8) | (payload[1] as number), reason: decodeText(payload.subarray(2)) };
}

/** Payload of a CLOSE frame. */
export function encodeClose(code: number, reason: string): Uint8Array {
  const text = encoder.encode(reason).subarray(0, 1024);
  const out = new Uint8Array(2 + text.byteLength);
  out[0] = code >>> 8;
  out[1] = code;
  out.set(text, 2);
  return out;
}

/** Checks what a peer sent as request head. */
export function decodeRequestHead(payload: Uint8Array): RequestHead {
  const value = parseHead(payload);
  const { method, url, body, upgrade } = value;
  if (typeof method !== 'string' || typeof url !== 'string') throw new MuxProtocolError(1002, 'malformed request head');
  const head: RequestHead = { method, url, headers: headersOf(value.headers), body: body === true };
  if (upgrade === true) head.upgrade = true;
  return head;
}

/** Checks what a peer sent as response head. */
export function decodeResponseHead(payload: Uint8Array): ResponseHead {
  const value = parseHead(payload);
  const { status } = value;
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 100 || status > 599) {
    throw new MuxProtocolError(1002, 'malformed response head');
  }
  const head: ResponseHead = { status, headers: headersOf(value.headers) };
  if (value.upgraded === true) head.upgraded = true;
  return head;
}

function parseHead(payload: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(decodeText(payload));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Falls through to the protocol error.
  }
  throw new MuxProtocolError(1002, 'head is not a JSON object');
}

function headersOf(value: unknown): [string, string][] {
  if (!Array.isArray(value)) throw new MuxProtocolError(1002, 'malformed headers');
  return value.map((pair: unknown) => {
    if (!Array.isArray(pair) || typeof pair[0] !== 'string' || typeof pair[1] !== 'string') {
      throw new MuxProtocolError(1002, 'malformed headers');
    }
    return [pair[0], pair[1]];
  });
}
