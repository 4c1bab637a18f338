import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { dialTarget } from '../../../src/agent/streams/dial-target.ts';
import { createKubeletHandler } from '../../../src/agent/streams/index.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { sendRequest, sendUpgrade } from '../../../src/base/mux/index.ts';
import { muxTo } from './stub-api.ts';

const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => (body += chunk));
  request.on('end', () => {
    const { host, 'x-kedge-dial': dial } = request.headers;
    response.writeHead(
      207,
      [
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
      ].flat(),
    );
    const groups = request.headersDistinct['x-remote-group'];
    response.end(JSON.stringify({ method: request.method, url: request.url, host, dial, body, groups }));
  });
});
const sockets = new WebSocketServer({ server, handleProtocols: () => 'chat' });
sockets.on('connection', (client) => {
  client.send('welcome');
  client.on('message', (data, binary) => client.send(data, { binary }));
});
let address = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

const mux = muxTo(createKubeletHandler({ node: 'n1', runtime: {} as never, clock: systemClock, pods: () => [] }));
const send = (dial: string, options: { body?: string; headers?: [string, string][] } = {}) =>
  sendRequest(mux, {
    method: options.body ? 'POST' : 'GET',
    url: '/path?q=1',
    headers: [['x-kedge-dial', dial], ...(options.headers ?? [])],
    body: options.body ? new Blob([options.body]).stream() : null,
  });

describe('a request with a target on the network of the node', () => {
  it('writes a line for each value of the headers that ask for it, commas and all', async () => {
    const groups = ['dev, ops', 'system:authenticated'];
    const headers: [string, string][] = [
      ['x-remote-group', groups.join(', ')],
      ['x-kedge-dial-lines', btoa(JSON.stringify({ 'x-remote-group': groups }))],
    ];
    const answer = await send(address, { headers });
    expect(await new Response(answer.body).json()).toMatchObject({ groups });
  });

  it('goes there and comes back, without the header that named the target', async () => {
    const answer = await send(address, { body: 'hello', headers: [['host', 'shop.example']] });
    expect(answer.status).toBe(207);
    expect(answer.headers.filter(([name]) => name === 'set-cookie').map(([, value]) => value)).toEqual(['a=1', 'b=2']);
    expect(await new Response(answer.body).json()).toEqual({
      method: 'POST',
      url: '/path?q=1',
      host: 'shop.example',
      body: 'hello',
    });
  });

  it('says that nothing was sent when the target does not listen', async () => {
    const answer = await send('127.0.0.1:1');
    expect(answer.status).toBe(502);
    expect(answer.headers).toContainEqual(['x-kedge-dial-error', 'connect']);
    expect(await new Response(answer.body).text()).toMatch(
      /^error trying to reach service: dial tcp .*: connection refused$/,
    );
  });

  it('may be a WebSocket', async () => {
    const headers: [string, string][] = [
      ['x-kedge-dial', address],
      ['sec-websocket-protocol', 'chat'],
    ];
    const answer = await sendUpgrade(mux, { method: 'GET', url: '/socket', headers });
    expect(answer.headers).toContainEqual(['sec-websocket-protocol', 'chat']);
    const got: string[] = [];
    await new Promise<void>((resolve) => {
      answer.socket?.attach({
        message(data) {
          got.push(String(data));
          if (got.length === 1) answer.socket?.stream.send('echo me');
          else resolve();
        },
        reset() {},
      });
    });
    expect(got).toEqual(['welcome', 'echo me']);
    answer.socket?.stream.close(1000, '');
  });

  it.each(['', 'pod', 'a:b', '10.0.0.1:0', '10.0.0.1:70000', 'user@10.0.0.1:80', '10.0.0.1:80/x'])(
    'is refused at %j',
    (value) => {
      expect(() => dialTarget(new Headers({ 'x-kedge-dial': value }))).toThrow(/is not HOST:PORT/);
    },
  );

  it('may name an IPv6 address', () => {
    expect(dialTarget(new Headers({ 'x-kedge-dial': '[fd00::2]:8443', 'x-kedge-dial-scheme': 'https' }))).toEqual({
      host: 'fd00::2',
      port: 8443,
      tls: true,
    });
  });
});
