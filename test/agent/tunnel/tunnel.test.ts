import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { runTunnel, type TunnelOptions, tunnelUrl } from '../../../src/agent/tunnel/index.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { createMux, type MuxConnection, PING, PONG, sendRequest } from '../../../src/base/mux/index.ts';
import { systemRandom } from '../../../src/base/random.ts';

interface Dialled {
  url: string;
  authorization: string | undefined;
  socket: WebSocket;
  mux: MuxConnection;
}

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A control plane that takes tunnels; `refuse` answers the next dial with that status. */
async function startControlPlane() {
  const server = createServer();
  const sockets = new WebSocketServer({ noServer: true });
  const waiting: ((dialled: Dialled) => void)[] = [];
  const dials: Dialled[] = [];
  const state = { refuse: 0, refused: 0 };
  server.on('upgrade', (request, socket, head) => {
    if (state.refuse) {
      state.refused++;
      socket.end(`HTTP/1.1 ${state.refuse} No\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      const mux = createMux({ role: 'acceptor', send: (frame) => client.send(frame), close() {}, onRequest() {} });
      client.on('message', (data: Buffer, binary: boolean) =>
        binary ? mux.receive(data) : data.toString() === PING && client.send(PONG),
      );
      const dialled = { url: request.url ?? '', authorization: request.headers.authorization, socket: client, mux };
      const next = waiting.shift();
      if (next) next(dialled);
      else dials.push(dialled);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    for (const client of sockets.clients) client.terminate();
    server.close();
  });
  const next = () =>
    new Promise<Dialled>((resolve) => (dials.length > 0 ? resolve(dials.shift() as Dialled) : waiting.push(resolve)));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, next, state };
}

/** A clock whose waits end at once, noted. */
function hastyClock(waits: number[]) {
  return {
    now: systemClock.now,
    after(ms: number, callback: () => void) {
      // Heartbeats keep their pace; only the pauses between attempts are cut short.
      if (ms === 10_000) return systemClock.after(ms, callback);
      waits.push(ms);
      return systemClock.after(1, callback);
    },
  };
}

function startTunnel(server: string, options: Partial<TunnelOptions> = {}) {
  const aborter = new AbortController();
  const logged: string[] = [];
  const ended = runTunnel({
    server,
    node: 'n 1',
    token: () => 'secret',
    handler: async (request) => ({ status: 200, body: `${request.method} ${request.url}` }),
    clock: systemClock,
    random: systemRandom,
    log: (_level, message, fields) => logged.push(`${message} ${JSON.stringify(fields)}`),
    signal: aborter.signal,
    ...options,
  });
  cleanups.push(() => aborter.abort());
  return { ended, stop: () => aborter.abort(), logged };
}

describe('the URL of the tunnel', () => {
  it('keeps the path prefix of the cluster', () => {
    expect(tunnelUrl('https://kedge.example/clusters/blue/', 'n1')).toBe(
      'wss://kedge.example/clusters/blue/kedge/v1/tunnel?node=n1',
    );
  });
});

describe('the tunnel', () => {
  it('dials with the node token and answers requests', async () => {
    const plane = await startControlPlane();
    startTunnel(plane.url);
    const dialled = await plane.next();
    expect([dialled.url, dialled.authorization]).toEqual(['/kedge/v1/tunnel?node=n%201', 'Bearer secret']);
    const response = await sendRequest(dialled.mux, { method: 'GET', url: '/pods', headers: [] });
    expect(await new Response(response.body).text()).toBe('GET /pods');
  });

  it('comes back after the connection was lost', async () => {
    const plane = await startControlPlane();
    const states: boolean[] = [];
    startTunnel(plane.url, { clock: hastyClock([]), onState: (up) => states.push(up) });
    (await plane.next()).socket.terminate();
    const again = await plane.next();
    const response = await sendRequest(again.mux, { method: 'GET', url: '/again', headers: [] });
    expect(await new Response(response.body).text()).toBe('GET /again');
    expect(states).toEqual([true, false, true]);
  });

  it('waits longer after each refusal and says why', async () => {
    const plane = await startControlPlane();
    plane.state.refuse = 401;
    const waits: number[] = [];
    const tunnel = startTunnel(plane.url, { clock: hastyClock(waits), random: { ...systemRandom, next: () => 1 } });
    while (plane.state.refused < 4) await new Promise((resolve) => setImmediate(resolve));
    plane.state.refuse = 0;
    await plane.next();
    expect(waits.slice(0, 3)).toEqual([1000, 2000, 4000]);
    expect(tunnel.logged[0]).toMatch(/node token is not accepted/);
  });

  it('ends when it is told to', async () => {
    const plane = await startControlPlane();
    const tunnel = startTunnel(plane.url);
    await plane.next();
    tunnel.stop();
    await tunnel.ended;
  });
});
