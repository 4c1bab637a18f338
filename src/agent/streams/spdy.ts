/**
 * The part of SPDY/3.1 that a container runtime's streaming server needs from a client: open streams, send data with
 * half close, receive data. The server side of containerd keeps no flow-control windows, so pings bound what is sent
 * ahead (see SendWindow); towards us the TCP connection bounds it. Upstream: k8s.io/streaming spdystream, as kubelet's
 * clients use it.
 */
import { request as httpRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import { createSendWindow } from './spdy-window.ts';

const SYN_STREAM = 1;
const RST_STREAM = 3;
const PING = 6;
const GOAWAY = 7;
const FLAG_FIN = 1;
const ZLIB_HEADER = Buffer.from([0x78, 0x01]);
/** An empty stored block: without it a decompressor holds the data back. */
const ZLIB_FLUSH = Buffer.from([0, 0, 0, 0xff, 0xff]);
const MAX_DATA = 32 * 1024;
const MAX_FRAME = 8 * 1024 * 1024;

export interface SpdyStream {
  readonly id: number;
  /** Sends data; resolves when the connection takes more, or is over. */
  write(data: Uint8Array): Promise<void>;
  /** Half close: the other side sees the end of the data. */
  end(): void;
}

export interface SpdyEvents {
  /** Data of a stream; the connection is not read on until the promise resolves. */
  data(id: number, data: Uint8Array): Promise<void> | void;
  /** A stream ended from the other side. */
  end(id: number): void;
  /** The connection is over. */
  close(reason: string): void;
}

export interface SpdyConnection {
  open(headers: Record<string, string>): SpdyStream;
  close(): void;
}

/** A connection that speaks another protocol now; `head` is what came with the answer. */
export interface Upgraded {
  socket: Duplex;
  head: Buffer;
}

/**
 * POSTs to a streaming URL of the runtime and takes the connection over.
 * @throws Error with the server's own words when it does not upgrade.
 */
export function dialUpgrade(url: string, headers: Record<string, string>): Promise<Upgraded> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, {
      method: 'POST',
      headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1', ...headers },
    });
    request.on('upgrade', (_response, socket, head) => resolve({ socket, head }));
    request.on('response', async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      reject(new Error(text.trim() || `the runtime answered ${response.statusCode}`));
    });
    request.on('error', reject);
    request.end();
  });
}

/** A SPDY client on an upgraded connection; `head` is what came with the upgrade. */
export function createSpdy(socket: Duplex, head: Uint8Array, events: SpdyEvents): SpdyConnection {
  let nextId = 1;
  let compressed = false;
  let over = false;
  const window = createSendWindow((id) => socket.write(pingFrame(id)));
  const finish = (reason: string) => {
    if (over) return;
    over = true;
    window.close();
    socket.destroy();
    events.close(reason);
  };
  const ping = (frame: Buffer) => {
    const id = frame.readUInt32BE(8);
    if (id % 2 === 1) window.answered(id);
    else socket.write(frame);
  };
  void readFrames(socket, head, { ...events, ping }).then(
    () => finish('the runtime closed the connection'),
    (error: unknown) => finish(error instanceof Error ? error.message : String(error)),
  );

  return {
    open(headers) {
      const id = nextId;
      nextId += 2;
      socket.write(synStream(id, headers, !compressed));
      compressed = true;
      return {
        id,
        async write(data) {
          for (let at = 0; at < data.byteLength; at += MAX_DATA) {
            const turn = window.take(id);
            if (turn) await turn;
            if (over) return;
            if (!socket.write(dataFrame(id, data.subarray(at, at + MAX_DATA), 0))) await drained(socket);
          }
        },
        end: () => {
          if (!over) socket.write(dataFrame(id, new Uint8Array(0), FLAG_FIN));
        },
      };
    },
    close: () => finish('closed'),
  };
}

function drained(socket: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}

function pingFrame(id: number): Buffer {
  const out = Buffer.alloc(12);
  out.writeUInt16BE(0x8003, 0);
  out.writeUInt16BE(PING, 2);
  out.writeUInt32BE(4, 4);
  out.writeUInt32BE(id, 8);
  return out;
}

function dataFrame(id: number, data: Uint8Array, flags: number): Buffer {
  const out = Buffer.alloc(8 + data.byteLength);
  out.writeUInt32BE(id, 0);
  out.writeUInt32BE((flags << 24) | data.byteLength, 4);
  out.set(data, 8);
  return out;
}

/** SYN_STREAM. The header block is one zlib stream per connection; stored blocks need no compressor and no dictionary. */
function synStream(id: number, headers: Record<string, string>, first: boolean): Buffer {
  const entries = Object.entries(headers);
  const parts = [uint32(entries.length)];
  for (const [name, value] of entries) {
    for (const text of [name.toLowerCase(), value]) {
      const bytes = Buffer.from(text);
      parts.push(uint32(bytes.length), bytes);
    }
  }
  const plain = Buffer.concat(parts);
  const stored = Buffer.alloc(5);
  stored.writeUInt16LE(plain.length, 1);
  stored.writeUInt16LE(~plain.length & 0xffff, 3);
  const block = Buffer.concat([...(first ? [ZLIB_HEADER] : []), stored, plain, ZLIB_FLUSH]);
  const frame = Buffer.alloc(18);
  frame.writeUInt16BE(0x8003, 0);
  frame.writeUInt16BE(SYN_STREAM, 2);
  frame.writeUInt32BE(10 + block.length, 4);
  frame.writeUInt32BE(id, 8);
  return Buffer.concat([frame, block]);
}

function uint32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value);
  return out;
}

async function readFrames(
  socket: Duplex,
  head: Uint8Array,
  events: SpdyEvents & { ping(frame: Buffer): void },
): Promise<void> {
  let pending: Buffer = Buffer.from(head);
  const take = async () => {
    for (;;) {
      if (pending.length < 8) return;
      const length = pending.readUInt32BE(4) & 0xffffff;
      if (length > MAX_FRAME) throw new Error(`SPDY frame of ${length} bytes is too big`);
      if (pending.length < 8 + length) return;
      const frame = pending.subarray(0, 8 + length);
      pending = pending.subarray(8 + length);
      await dispatch(frame, events);
    }
  };
  await take();
  for await (const chunk of socket) {
    pending = pending.length === 0 ? (chunk as Buffer) : Buffer.concat([pending, chunk as Buffer]);
    await take();
  }
}

async function dispatch(frame: Buffer, events: SpdyEvents & { ping(frame: Buffer): void }): Promise<void> {
  const payload = frame.subarray(8);
  const fin = ((frame[4] as number) & FLAG_FIN) !== 0;
  if (((frame[0] as number) & 0x80) === 0) {
    const id = frame.readUInt32BE(0);
    if (payload.length > 0) await events.data(id, payload);
    if (fin) events.end(id);
    return;
  }
  const type = frame.readUInt16BE(2);
  if (type === PING && payload.length >= 4) events.ping(frame);
  else if (type === RST_STREAM) events.end(payload.readUInt32BE(0) & 0x7fffffff);
  else if (type === GOAWAY) throw new Error('the runtime is going away');
  else if (fin && payload.length >= 4) events.end(payload.readUInt32BE(0) & 0x7fffffff);
}
