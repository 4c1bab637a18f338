import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type ApiProxy, startApiProxy } from '../../../src/agent/proxy/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'kedge-proxy-'));
let proxy: ApiProxy;
let certificate = '';
let emit: (line: string) => void = () => {};
let clientGone: Promise<void>;

const plane = createServer((request, response) => {
  if (request.url?.includes('watch=true')) {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    emit = (text) => response.write(text);
    clientGone = new Promise((resolve) => response.on('close', resolve));
    return;
  }
  let body = '';
  request.on('data', (chunk) => (body += chunk));
  request.on('end', () => {
    const { authorization, host, connection } = request.headers;
    response
      .writeHead(200, { 'x-answer': 'yes' })
      .end(JSON.stringify({ url: request.url, method: request.method, authorization, host, connection, body }));
  });
});
const sockets = new WebSocketServer({ server: plane });
sockets.on('connection', (client) => client.on('message', (data, binary) => client.send(data, { binary })));

beforeAll(async () => {
  const args = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=kubernetes',
  ];
  execFileSync(
    'openssl',
    [
      ...args,
      '-addext',
      'subjectAltName=DNS:kubernetes.default.svc',
      '-keyout',
      join(folder, 'key'),
      '-out',
      join(folder, 'cert'),
    ],
    { stdio: 'ignore' },
  );
  certificate = readFileSync(join(folder, 'cert'), 'utf8');
  await new Promise<void>((resolve) => plane.listen(0, '127.0.0.1', resolve));
  proxy = await startApiProxy({
    server: `http://127.0.0.1:${(plane.address() as AddressInfo).port}/clusters/blue`,
    certificate,
    key: readFileSync(join(folder, 'key'), 'utf8'),
    host: '127.0.0.1',
    port: 0,
    log: () => {},
  });
});
afterAll(async () => {
  await proxy.close();
  plane.close();
  plane.closeAllConnections();
  rmSync(folder, { recursive: true });
});

function ask(
  path: string,
  options: { method?: string; body?: string; headers?: Record<string, string>; port?: number } = {},
): Promise<IncomingMessage> {
  const { method = 'GET', headers = {} } = options;
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host: '127.0.0.1',
        port: options.port ?? proxy.port,
        path,
        method,
        headers,
        ca: certificate,
        servername: 'kubernetes.default.svc',
        agent: false,
      },
      resolve,
    );
    request.on('error', reject);
    request.end(options.body);
  });
}

const text = async (response: IncomingMessage) => {
  let all = '';
  for await (const chunk of response) all += chunk;
  return all;
};

describe('the API endpoint of pods', () => {
  it('proves to be kubernetes.default.svc and sends the request on with the credentials of the pod', async () => {
    const response = await ask('/api/v1/pods?limit=5', {
      method: 'POST',
      body: '{"a":1}',
      headers: { authorization: 'Bearer pod', 'content-type': 'application/json' },
    });
    expect([response.statusCode, response.headers['x-answer']]).toEqual([200, 'yes']);
    expect(JSON.parse(await text(response))).toMatchObject({
      url: '/clusters/blue/api/v1/pods?limit=5',
      method: 'POST',
      authorization: 'Bearer pod',
      body: '{"a":1}',
    });
  });

  it('streams a watch as it comes and ends it when the pod does', async () => {
    const response = await ask('/api/v1/pods?watch=true');
    const first = new Promise((resolve) => response.once('data', (chunk) => resolve(String(chunk))));
    emit('{"type":"ADDED"}\n');
    expect(await first).toBe('{"type":"ADDED"}\n');
    response.destroy();
    await clientGone;
  });

  it('passes WebSockets through', async () => {
    const socket = new WebSocket(`wss://127.0.0.1:${proxy.port}/exec`, {
      ca: certificate,
      ...{ servername: 'kubernetes.default.svc' },
    });
    await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
    const echo = new Promise((resolve) => socket.on('message', (data) => resolve(String(data))));
    socket.send('hello');
    expect(await echo).toBe('hello');
    socket.close();
  });

  it('answers with a Status when the control plane is away', async () => {
    const lone = await startApiProxy({
      server: 'http://127.0.0.1:1',
      certificate,
      key: readFileSync(join(folder, 'key'), 'utf8'),
      host: '127.0.0.1',
      port: 0,
      log: () => {},
    });
    const response = await ask('/api', { port: lone.port });
    expect(response.statusCode).toBe(503);
    expect(JSON.parse(await text(response))).toMatchObject({ kind: 'Status', reason: 'ServiceUnavailable', code: 503 });
    await lone.close();
  });
});
