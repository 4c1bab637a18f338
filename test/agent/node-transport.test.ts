import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createNodeTransport, type NodeTransport } from '../../src/agent/node-transport.ts';

let server: Server;
let base: string;
let made: NodeTransport;
const closed: string[] = [];
let connections = 0;

beforeEach(async () => {
  closed.length = 0;
  connections = 0;
  server = createServer((request, response) => {
    response.on('close', () => closed.push(request.url ?? ''));
    if (request.url === '/never') return;
    if (request.url === '/stream') {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('one\n');
      return;
    }
    if (request.url === '/empty') return void response.writeHead(204).end();
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      response.writeHead(request.url === '/refuse' ? 403 : 200, { 'x-auth': request.headers.authorization ?? '' });
      response.end(`${request.method} ${body}`);
    });
  });
  server.on('connection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  made = createNodeTransport({ token: () => 'secret', timeout: 200 });
});
afterEach(() => {
  made.close();
  server.closeAllConnections();
  server.close();
});

const until = async (check: () => boolean) => {
  for (let i = 0; i < 200 && !check(); i++) await new Promise((resolve) => setImmediate(resolve));
};

describe('requests of the agent', () => {
  test('carry method, body and token, and keep the connection', async () => {
    for (let i = 0; i < 3; i++) {
      const response = await made.transport(new Request(`${base}/echo`, { method: 'POST', body: 'hi' }));
      expect(response.headers.get('x-auth')).toBe('Bearer secret');
      expect(await response.text()).toBe('POST hi');
    }
    expect(connections).toBe(1);
  });

  test('answer with errors and empty bodies as they come', async () => {
    expect((await made.transport(new Request(`${base}/refuse`))).status).toBe(403);
    expect((await made.transport(new Request(`${base}/empty`))).status).toBe(204);
  });

  test('stream, and end the connection when the reader leaves', async () => {
    const abort = new AbortController();
    const response = await made.transport(new Request(`${base}/stream`, { signal: abort.signal }));
    const reader = response.body?.getReader();
    const chunk = await reader?.read();
    expect(new TextDecoder().decode(chunk?.value)).toBe('one\n');
    await reader?.cancel();
    await until(() => closed.includes('/stream'));
    expect(closed).toContain('/stream');
  });

  test('give up when no answer begins, and when they are aborted', async () => {
    await expect(made.transport(new Request(`${base}/never`))).rejects.toThrow('no answer from 127.0.0.1');
    const abort = new AbortController();
    const pending = made.transport(new Request(`${base}/never`, { signal: abort.signal }));
    abort.abort(new Error('enough'));
    await expect(pending).rejects.toThrow('enough');
  });
});
