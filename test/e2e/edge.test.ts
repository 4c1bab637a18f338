/** The edge ingress through the whole control plane and a real tunnel; the pods are servers in this process. */
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { NOBODY, POD, sliceOf, startEdgeNode } from './support/edge-node.ts';
import { eventually, type LocalCluster, startCluster } from './support/local-cluster.ts';

const INGRESS = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web }
spec:
  rules:
  - host: web.test
    http:
      paths:
      - { path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }
      - { path: /empty, pathType: Prefix, backend: { service: { name: empty, port: { number: 80 } } } }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: empty }
spec: { ports: [{ port: 80 }] }
`;

function pod(incoming: IncomingMessage, answer: ServerResponse): void {
  const { pathname } = new URL(incoming.url ?? '/', 'http://pod');
  if (pathname === '/gzip') {
    answer.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' });
    answer.end(gzipSync('packed'));
  } else if (pathname === '/echo') {
    answer.writeHead(200, { 'content-length': incoming.headers['content-length'] ?? 0 });
    incoming.pipe(answer);
  } else if (pathname === '/moved') {
    answer.writeHead(302, { location: '/there' }).end();
  } else if (pathname === '/slowly') {
    answer.write('first;');
    setTimeout(() => answer.end('last'), 300);
  } else {
    answer.writeHead(
      200,
      [
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
        ['content-type', 'application/json'],
      ].flat(),
    );
    answer.end(JSON.stringify({ method: incoming.method, url: incoming.url, headers: incoming.headers }));
  }
}

describe('the edge', () => {
  let cluster: LocalCluster;
  let server: Server;
  let port = 0;
  let ingressPort = 0;
  /** How WebSockets ended for the pod. */
  const closes: string[] = [];
  let node: { stop(): void } | undefined;

  interface Answer {
    status: number;
    headers: IncomingMessage['headers'];
    body: Buffer;
    /** Milliseconds from the first to the last byte. */
    took: number;
  }
  const ask = (path: string, options: { host?: string; method?: string; body?: Buffer; headers?: object } = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const { method = 'GET', host = 'web.test', headers } = options;
      const call = request(
        { host: '127.0.0.1', port: ingressPort, path, method, agent: false, headers: { host, ...headers } },
        (reply) => {
          const parts: Buffer[] = [];
          let first = 0;
          reply.on('data', (chunk: Buffer) => {
            first ||= performance.now();
            parts.push(chunk);
          });
          reply.on('error', reject);
          reply.on('end', () =>
            resolve({
              status: reply.statusCode ?? 0,
              headers: reply.headers,
              body: Buffer.concat(parts),
              took: performance.now() - first,
            }),
          );
        },
      );
      call.on('error', reject);
      call.end(options.body);
    });

  beforeAll(async () => {
    server = createServer(pod);
    const sockets = new WebSocketServer({ server, handleProtocols: (names) => [...names][1] ?? false });
    sockets.on('connection', (socket, upgrade) => {
      socket.on('close', (code, reason) => closes.push(`${code} ${reason}`));
      socket.send(`hello ${upgrade.url} ${upgrade.headers.host}`);
      socket.on('message', (data: Buffer, binary) => socket.send(data, { binary }));
    });
    port = await new Promise((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
    );
    cluster = await startCluster(['--node', 'none']);
    ingressPort = Number(/Edge ingress at \S*:(\d+)/.exec(cluster.output())?.[1]);
    node = await startEdgeNode(cluster, { port });
    await cluster.kubectl('apply -f -', INGRESS);
    await cluster.kubectl('apply -f -', sliceOf(port, [POD]));
    await eventually('the edge answers', 10_000, async () => (await ask('/')).status === 200);
  });

  afterAll(async () => {
    node?.stop();
    server?.closeAllConnections();
    server?.close();
    await cluster?.remove();
  });

  it('brings a request to the pod as the client sent it, with what the edge knows of the client', async () => {
    const answer = await ask('/a%20b/?c=d%2Fe', {
      host: 'web.test:8080',
      headers: { 'x-forwarded-for': '1.2.3.4', 'x-kedge-dial': '127.0.0.1:22', 'x-own': 'kept' },
    });
    expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2']);
    const got = JSON.parse(answer.body.toString()) as { url: string; headers: Record<string, string> };
    expect(got.url).toBe('/a%20b/?c=d%2Fe');
    expect(got.headers).toMatchObject({
      host: 'web.test:8080',
      'x-own': 'kept',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': 'web.test:8080',
      'x-forwarded-proto': 'http',
    });
    expect(Object.keys(got.headers).filter((name) => name.startsWith('x-kedge'))).toEqual([]);
  });

  it('streams bodies of any size and kind both ways', async () => {
    const body = Buffer.alloc(6 << 20, 'kedge');
    const echoed = await ask('/echo', { method: 'POST', body });
    expect(echoed.status).toBe(200);
    expect(echoed.body.equals(body)).toBe(true);
    const packed = await ask('/gzip', { headers: { 'accept-encoding': 'gzip' } });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(packed.body).toString()).toBe('packed');
    const slow = await ask('/slowly');
    expect(slow.body.toString()).toBe('first;last');
    expect(slow.took).toBeGreaterThan(100);
    const head = await ask('/', { method: 'HEAD' });
    expect([head.status, head.body.length]).toEqual([200, 0]);
  });

  it('gives redirects to the client', async () => {
    const answer = await ask('/moved');
    expect([answer.status, answer.headers.location]).toEqual([302, '/there']);
  });

  it('joins WebSockets', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${ingressPort}/socket?x=1`, ['one', 'two'], {
      headers: { host: 'web.test' },
    });
    const messages: string[] = [];
    await new Promise<void>((resolve, reject) => {
      setTimeout(() => reject(new Error(`no end, after ${JSON.stringify(messages)}`)), 10_000).unref();
      socket.on('error', reject);
      socket.on('message', (data: Buffer) => {
        messages.push(data.toString());
        if (messages.length === 1) socket.send('ping');
        if (messages.length === 2) socket.close(4321, 'enough');
      });
      socket.on('close', () => resolve());
    });
    expect(messages).toEqual(['hello /socket?x=1 web.test', 'ping']);
    expect(socket.protocol).toBe('two');
    await eventually('the pod hears of the end', 5_000, async () => closes.length > 0);
    expect(closes).toEqual(['4321 enough']);
  });

  it('answers 404 to strangers and 503 where no pod is ready', async () => {
    const stranger = await ask('/', { host: 'other.test' });
    expect([stranger.status, stranger.body.toString()]).toEqual([404, 'default backend - 404\n']);
    expect((await ask('/empty')).status).toBe(503);
  });

  it('goes to another pod when the first cannot be connected to', async () => {
    await cluster.kubectl('apply -f -', sliceOf(port, [POD, NOBODY]));
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('/')));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
  });

  it('makes its class and tells where the Ingress is served', async () => {
    expect(await cluster.kubectl("get ingressclass kedge -o 'jsonpath={.spec.controller}'")).toBe('kedge.dev/edge');
    await eventually(
      'the status has an address',
      10_000,
      async () =>
        (await cluster.kubectl("get ingress web -o 'jsonpath={.status.loadBalancer.ingress[0].ip}'")) === '127.0.0.1',
    );
    expect(await cluster.kubectl('get ingress web --no-headers')).toMatch(/^web\s+\S+\s+web\.test\s+127\.0\.0\.1\s+80/);
  });
});
