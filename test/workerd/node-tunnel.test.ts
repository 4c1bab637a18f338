import { evictDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import {
  createMux,
  type MuxConnection,
  type MuxHandler,
  type MuxSocket,
  serveStream,
} from '../../src/base/mux/index.ts';
import type { Env } from '../../src/worker/env.ts';
import { connectAgent, createNodeConnector } from '../../src/worker/node-connector.ts';

const bindings = env as unknown as Env;
let nodes = 0;

/** An agent in this isolate: a mux on the client end of the tunnel. */
async function startAgent(handler: MuxHandler, node = `node-${++nodes}`) {
  const response = await connectAgent(bindings, 'test', {
    node,
    request: new Request('https://kedge/kedge/v1/tunnel', { headers: { upgrade: 'websocket' } }),
  });
  expect(response.status).toBe(101);
  const socket = response.webSocket as WebSocket;
  socket.accept();
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.addEventListener('close', (event) => resolve({ code: event.code, reason: event.reason })),
  );
  const mux: MuxConnection = createMux({
    role: 'dialer',
    send: (frame) => socket.send(frame),
    close: (code, reason) => socket.close(code, reason),
    onRequest: (head, stream) => serveStream(head, stream, handler),
  });
  socket.binaryType = 'arraybuffer';
  socket.addEventListener('message', (event) => {
    if (typeof event.data !== 'string') mux.receive(event.data as ArrayBuffer);
  });
  const stub = bindings.NODE_TUNNEL.getByName(`test/${node}`);
  return { node, socket, closed, stub, connector: createNodeConnector(bindings, 'test') };
}

/** Accepts every upgrade, choosing the first protocol, and sends every message back. */
const echo: MuxHandler = async (request) => {
  if (!request.upgrade) return { status: 200, body: request.body ?? `${request.method} ${request.url}` };
  return {
    status: 101,
    headers: [
      ['sec-websocket-protocol', (request.headers.get('sec-websocket-protocol') ?? '').split(',')[0] as string],
    ],
    async accept(socket: MuxSocket) {
      for await (const message of socket.messages) {
        if (message === 'close') socket.close(4242, 'asked to');
        else await socket.send(message);
      }
    },
  };
};

async function openClient(agent: Awaited<ReturnType<typeof startAgent>>) {
  const response = await agent.connector.fetch(
    agent.node,
    new Request('https://node/exec/ns/pod/c', {
      headers: { upgrade: 'websocket', 'sec-websocket-protocol': 'v5.channel.k8s.io,v4.channel.k8s.io' },
    }),
  );
  expect(response.status).toBe(101);
  expect(response.headers.get('sec-websocket-protocol')).toBe('v5.channel.k8s.io');
  const socket = response.webSocket as WebSocket;
  socket.binaryType = 'arraybuffer';
  socket.accept();
  const queue: (string | ArrayBuffer)[] = [];
  let wake = () => {};
  socket.addEventListener('message', (event) => {
    queue.push(event.data as string | ArrayBuffer);
    wake();
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.addEventListener('close', (event) => resolve({ code: event.code, reason: event.reason })),
  );
  const next = async () => {
    while (queue.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return queue.shift();
  };
  return { socket, next, closed };
}

describe('the node tunnel object', () => {
  it('carries a request and its answer, bodies included', async () => {
    const agent = await startAgent(echo);
    const get = await agent.connector.fetch(agent.node, new Request('https://node/healthz?verbose=1'));
    expect([get.status, await get.text()]).toEqual([200, 'GET /healthz?verbose=1']);
    const body = 'x'.repeat(700_000);
    const put = await agent.connector.fetch(agent.node, new Request('https://node/x', { method: 'POST', body }));
    expect(await put.text()).toBe(body);
  });

  it('throws a clear error when the node has no tunnel', async () => {
    const connector = createNodeConnector(bindings, 'test');
    await expect(connector.fetch('nobody', new Request('https://node/healthz'))).rejects.toThrow(
      /nobody: the node has no tunnel/,
    );
    expect(await connector.lastSeen(['nobody'])).toEqual(new Map());
  });

  it('relays a WebSocket with its subprotocol, both message types and the close code', async () => {
    const agent = await startAgent(echo);
    const client = await openClient(agent);
    client.socket.send('text');
    expect(await client.next()).toBe('text');
    client.socket.send(new Uint8Array([0, 1, 2]));
    expect(new Uint8Array((await client.next()) as ArrayBuffer)).toEqual(new Uint8Array([0, 1, 2]));
    client.socket.send('close');
    expect(await client.closed).toEqual({ code: 4242, reason: 'asked to' });
  });

  it('keeps relayed sockets and the agent over hibernation', async () => {
    const agent = await startAgent(echo);
    const client = await openClient(agent);
    for (let round = 0; round < 3; round++) {
      await evictDurableObject(agent.stub);
      client.socket.send(new Uint8Array(200_000).fill(round));
      expect(((await client.next()) as ArrayBuffer).byteLength).toBe(200_000);
    }
    const second = await openClient(agent);
    second.socket.send('not mixed up');
    expect(await second.next()).toBe('not mixed up');
    const again = await agent.connector.fetch(agent.node, new Request('https://node/pods'));
    expect(await again.text()).toBe('GET /pods');
  });

  it('lets a newer connection of the node take over and closes the older with its clients', async () => {
    const old = await startAgent(echo);
    const client = await openClient(old);
    const young = await startAgent(async () => ({ status: 200, body: 'young' }), old.node);
    expect(await old.closed).toMatchObject({ code: 4001 });
    expect(await client.closed).toMatchObject({ code: 1011 });
    const answer = await young.connector.fetch(old.node, new Request('https://node/'));
    expect(await answer.text()).toBe('young');
  });

  it('never takes a proxied request for an agent', async () => {
    const agent = await startAgent(async () => ({ status: 404, body: 'no such path' }));
    const upgrade = new Request('https://node/tunnel', { headers: { upgrade: 'websocket' } });
    const response = await agent.connector.fetch(agent.node, upgrade);
    expect([response.status, await response.text()]).toEqual([404, 'no such path']);
    const still = await agent.connector.fetch(agent.node, new Request('https://node/'));
    expect(still.status).toBe(404);
  });

  it('knows when the agent was last seen, from heartbeats that do not wake it', async () => {
    const agent = await startAgent(echo);
    const connected = (await agent.connector.lastSeen([agent.node])).get(agent.node) as number;
    expect(Math.abs(Date.now() - connected)).toBeLessThan(5000);
    const pong = new Promise((resolve) => agent.socket.addEventListener('message', (event) => resolve(event.data)));
    agent.socket.send('\u0000kedge-ping');
    expect(await pong).toBe('\u0000kedge-pong');
    const after = (await agent.connector.lastSeen([agent.node])).get(agent.node) as number;
    expect(after).toBeGreaterThanOrEqual(connected);
  });

  it('keeps what a client sends faster than the node reads, in order, while others go on', async () => {
    let start = () => {};
    const started = new Promise<void>((resolve) => (start = resolve));
    const got: string[] = [];
    const agent = await startAgent(async (request) => {
      if (!request.upgrade) return { status: 200, body: 'still here' };
      return {
        status: 101,
        headers: [['sec-websocket-protocol', 'v5.channel.k8s.io']],
        async accept(socket: MuxSocket) {
          await started;
          for await (const message of socket.messages) {
            got.push(typeof message === 'string' ? message : `${message.byteLength} of ${message[0]}`);
            if (message === 'end') await socket.send('all there');
          }
        },
      };
    });
    const client = await openClient(agent);
    for (let i = 0; i < 40; i++) client.socket.send(new Uint8Array(1024 * 1024).fill(i));
    client.socket.send('end');
    const other = await agent.connector.fetch(agent.node, new Request('https://node/healthz'));
    expect(await other.text()).toBe('still here');
    start();
    expect(await client.next()).toBe('all there');
    expect(got).toEqual([...Array.from({ length: 40 }, (_, i) => `${1024 * 1024} of ${i}`), 'end']);
  });

  it('forgets an agent that closed, and breaks what ran through it', async () => {
    const agent = await startAgent(() => new Promise(() => {}));
    const pending = agent.connector.fetch(agent.node, new Request('https://node/containerLogs/x'));
    const refused = expect(pending).rejects.toThrow(/tunnel/);
    await agent.connector.lastSeen([agent.node]);
    agent.socket.close(1000, 'stopping');
    await refused;
    expect(await agent.stub.lastSeen()).toBeNull();
  });

  it('cuts off an agent that does not speak the protocol', async () => {
    const agent = await startAgent(echo);
    agent.socket.send('GET / HTTP/1.1');
    expect(await agent.closed).toMatchObject({ code: 1003, reason: expect.stringMatching(/text message/) });
  });
});
