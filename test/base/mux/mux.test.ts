import { describe, expect, it } from 'vitest';
import { encodeFrame, encodeJson, FrameType, MAX_FRAME } from '../../../src/base/mux/frame.ts';
import { createMux, type MuxSocket, type MuxStream, sendRequest } from '../../../src/base/mux/index.ts';
import { countedBody, muxPair, settle } from './pair.ts';

const text = async (body: ReadableStream<Uint8Array>) => new Response(body).text();

describe('request and response over a mux', () => {
  it('carries method, url, headers and both bodies', async () => {
    const { acceptor } = muxPair({
      dialer: async (request) => ({
        status: 201,
        headers: [['x-answer', request.headers.get('x-ask') ?? '']],
        body: `${request.method} ${request.url} ${await new Response(request.body).text()}`,
      }),
    });
    const response = await sendRequest(acceptor, {
      method: 'POST',
      url: '/a?b=c',
      headers: [['x-ask', 'why']],
      body: new Blob(['hello']).stream(),
    });
    expect(response.status).toBe(201);
    expect(response.headers).toEqual([['x-answer', 'why']]);
    expect(await text(response.body)).toBe('POST /a?b=c hello');
    expect(acceptor.size).toBe(0);
  });

  it('works in the other direction at the same time', async () => {
    const { dialer, acceptor } = muxPair({
      dialer: async () => ({ status: 200, body: 'from dialer' }),
      acceptor: async () => ({ status: 200, body: 'from acceptor' }),
    });
    const ask = { method: 'GET', url: '/', headers: [] };
    const [a, b] = await Promise.all([
      sendRequest(dialer, { ...ask, headers: [] }),
      sendRequest(acceptor, { ...ask, headers: [] }),
    ]);
    expect([await text(a.body), await text(b.body)]).toEqual(['from acceptor', 'from dialer']);
  });

  it('turns an error of the handler into 500', async () => {
    const { acceptor } = muxPair({ dialer: () => Promise.reject(new Error('no such pod')) });
    const response = await sendRequest(acceptor, { method: 'GET', url: '/', headers: [] });
    expect([response.status, await text(response.body)]).toEqual([500, 'no such pod']);
  });

  it('passes bodies much longer than the window unchanged', async () => {
    const size = 10_000;
    const { body } = countedBody(300, size);
    const { acceptor } = muxPair({ dialer: async (request) => ({ status: 200, body: request.body }) });
    const response = await sendRequest(acceptor, { method: 'PUT', url: '/', headers: [], body });
    const back = new Uint8Array(await new Response(response.body).arrayBuffer());
    expect(back.byteLength).toBe(300 * size);
    for (let i = 0; i < 300; i++) expect(back[i * size]).toBe(i & 255);
  });
});

describe('flow control', () => {
  it('stops a sender whose reader is slow, while other streams go on', async () => {
    const slow = countedBody(1000, 64 * 1024);
    const { acceptor } = muxPair({
      dialer: async (request) =>
        request.url === '/slow' ? { status: 200, body: slow.body } : { status: 200, body: 'quick' },
    });
    const response = await sendRequest(acceptor, { method: 'GET', url: '/slow', headers: [] });
    await settle();
    expect(slow.taken()).toBeLessThan(12);
    const quick = await sendRequest(acceptor, { method: 'GET', url: '/quick', headers: [] });
    expect(await text(quick.body)).toBe('quick');
    await response.body.cancel();
    await settle();
    expect(slow.cancelled()).toBe(true);
    expect(acceptor.size).toBe(0);
  });

  it('resets a stream that sends more than it was granted', async () => {
    const frames: Uint8Array[] = [];
    const mux = createMux({ role: 'acceptor', send: (f) => frames.push(f), close: () => {}, onRequest: () => {} });
    let reason = '';
    const stream: MuxStream = mux.open(
      { method: 'GET', url: '/', headers: [], body: false },
      { data() {}, reset: (r) => (reason = r) },
    );
    for (let i = 0; i < 5; i++) mux.receive(encodeFrame(FrameType.data, stream.id, new Uint8Array(64 * 1024)));
    expect(reason).toMatch(/more than it was granted/);
    expect(frames.at(-1)?.[0]).toBe(FrameType.reset);
    expect(mux.size).toBe(0);
  });
});

describe('upgraded streams', () => {
  const upgrade = { method: 'GET', url: '/exec', headers: [] as [string, string][], body: false, upgrade: true };

  it('carry text and binary messages of any length whole and in order, and the close code', async () => {
    const { acceptor } = muxPair({
      dialer: async () => ({
        status: 101,
        async accept(socket: MuxSocket) {
          for await (const message of socket.messages) {
            if (message === 'bye') socket.close(4000, 'as asked');
            else await socket.send(message);
          }
        },
      }),
    });
    const got: (string | number)[] = [];
    let close: { code: number; reason: string } | undefined;
    const stream = acceptor.open(upgrade, {
      message(data, size) {
        got.push(typeof data === 'string' ? data : data.byteLength);
        stream.consume(size);
      },
      close: (code, reason) => (close = { code, reason }),
      reset() {},
    });
    stream.send('');
    stream.send('grüezi');
    stream.send(new Uint8Array(1_000_000));
    stream.send('bye');
    await settle();
    expect(got).toEqual(['', 'grüezi', 1_000_000]);
    expect(close).toEqual({ code: 4000, reason: 'as asked' });
    expect(acceptor.size).toBe(0);
  });

  it('go on after the state of one side was saved and restored', async () => {
    const got: string[] = [];
    const frames: Uint8Array[] = [];
    const open = (nextId?: number) =>
      createMux({
        role: 'acceptor',
        send: (f) => frames.push(f),
        close: () => {},
        onRequest: () => {},
        ...(nextId ? { nextId } : {}),
      });
    const before = open();
    const stream = before.open(upgrade, { reset() {} });
    const after = open(before.nextId);
    after.restore(stream.state(), { message: (data) => got.push(String(data)), reset() {} });
    after.receive(encodeFrame(FrameType.text, stream.id, new TextEncoder().encode('still here')));
    expect(got).toEqual(['still here']);
    expect(after.nextId).toBe(stream.id + 2);
  });
});

describe('the end of things', () => {
  it('breaks open requests when the connection is lost', async () => {
    const { acceptor } = muxPair({ dialer: () => new Promise(() => {}) });
    const response = sendRequest(acceptor, { method: 'GET', url: '/', headers: [] });
    acceptor.closed('the agent went away');
    await expect(response).rejects.toThrow('the agent went away');
    await expect(sendRequest(acceptor, { method: 'GET', url: '/', headers: [] })).rejects.toThrow(
      'connection is closed',
    );
  });

  it('tells the handler that the opener went away', async () => {
    let aborted = '';
    const { acceptor } = muxPair({
      dialer: (request) =>
        new Promise(() => {
          request.signal.addEventListener('abort', () => (aborted = String(request.signal.reason)));
        }),
    });
    const aborter = new AbortController();
    const response = sendRequest(acceptor, { method: 'GET', url: '/', headers: [], signal: aborter.signal });
    await settle(5);
    aborter.abort();
    await expect(response).rejects.toThrow('aborted');
    await settle(5);
    expect(aborted).toMatch(/aborted/);
  });

  it('stops the upload when the handler answers without reading it', async () => {
    const upload = countedBody(1000, 64 * 1024);
    const { acceptor } = muxPair({ dialer: async () => ({ status: 403, body: 'no' }) });
    const response = await sendRequest(acceptor, { method: 'PUT', url: '/', headers: [], body: upload.body });
    expect(await text(response.body)).toBe('no');
    await settle();
    expect(upload.cancelled()).toBe(true);
    expect(acceptor.size).toBe(0);
  });
});

describe('a hostile peer', () => {
  const cases: [string, Uint8Array | string, number, RegExp][] = [
    ['an unknown frame type', encodeFrame(99 as never, 1), 1002, /unknown frame type 99/],
    ['a frame that is too big', new Uint8Array(MAX_FRAME + 1).fill(3), 1009, /too big/],
    ['a frame without header', new Uint8Array(3), 1002, /shorter/],
    ['text', 'GET / HTTP/1.1', 1003, /text message/],
    ['stream 0', encodeFrame(FrameType.data, 0), 1002, /stream id 0/],
    ['data of a stream never opened here', encodeFrame(FrameType.data, 8), 1002, /never opened/],
    [
      'a request with an id of this side',
      encodeJson(FrameType.request, 2, { method: 'GET', url: '/', headers: [] }),
      1002,
      /other side/,
    ],
    ['a head that is no JSON', encodeFrame(FrameType.request, 1, new Uint8Array([1, 2])), 1002, /JSON/],
    ['a head without method', encodeJson(FrameType.request, 1, { url: '/' }), 1002, /malformed request/],
    [
      'malformed headers',
      encodeJson(FrameType.request, 1, { method: 'GET', url: '/', headers: [['a']] }),
      1002,
      /headers/,
    ],
    ['a continued END', encodeFrame(FrameType.end, 1, undefined, true), 1002, /cannot be continued/],
  ];
  it.each(cases)('that sends %s is cut off with a clear reason', (_, bytes, code, reason) => {
    const closed: { code: number; reason: string }[] = [];
    const mux = createMux({
      role: 'acceptor',
      send() {},
      close: (c, r) => closed.push({ code: c, reason: r }),
      onRequest() {},
    });
    mux.receive(bytes);
    expect(closed).toHaveLength(1);
    expect(closed[0]?.code).toBe(code);
    expect(closed[0]?.reason).toMatch(reason);
    mux.receive(encodeFrame(99 as never, 1));
    expect(closed).toHaveLength(1);
  });

  it('cannot open streams without end', () => {
    const frames: Uint8Array[] = [];
    const mux = createMux({ role: 'acceptor', send: (f) => frames.push(f), close() {}, onRequest() {} });
    for (let i = 0; i < 5000; i++)
      mux.receive(encodeJson(FrameType.request, 2 * i + 1, { method: 'GET', url: '/', headers: [], body: true }));
    expect(mux.size).toBe(4096);
    expect(frames.filter((f) => f[0] === FrameType.reset)).toHaveLength(5000 - 4096);
  });
});
