import { beforeEach, describe, expect, it } from 'vitest';
import { createEdge, type Edge } from '../../src/edge/index.ts';
import type { NodeConnector } from '../../src/server/contract.ts';
import { createTestCluster, silentLog, type TestCluster } from '../support/cluster.ts';
import { createSeededRandom } from '../support/seeded-random.ts';

type Answer = (node: string, request: Request) => Response | Promise<Response>;

const unreachable = (why: 'connect' | 'lost') =>
  new Response('error trying to reach service: no', { status: 502, headers: { 'x-kedge-dial-error': why } });

describe('the edge', () => {
  let cluster: TestCluster;
  let edge: Edge;
  let answer: Answer;
  let seen: { node: string; request: Request }[];

  const endpoint = (ip: string, conditions: object, node = 'node-1') => ({
    addresses: [ip],
    conditions,
    nodeName: node,
  });
  const putSlice = async (endpoints: object[]) => {
    await cluster.send('DELETE /apis/discovery.k8s.io/v1/namespaces/default/endpointslices/web-1');
    const made = await cluster.send('POST /apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
      body: {
        metadata: { name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
        addressType: 'IPv4',
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
        endpoints,
      },
    });
    expect(made.status, made.text).toBe(201);
    cluster.clock.advance(1_001);
  };
  const ask = (url: string, init: RequestInit & { duplex?: 'half' } = {}) =>
    edge.fetch(new Request(url, init), '203.0.113.7');

  beforeEach(async () => {
    cluster = await createTestCluster({ bootstrap: true });
    seen = [];
    answer = () => new Response('hello');
    const nodes: NodeConnector = {
      async fetch(node, request) {
        seen.push({ node, request });
        return answer(node, request);
      },
      lastSeen: async () => new Map(),
    };
    const { store, clock } = cluster.options;
    edge = createEdge({ store, nodes, clock, random: createSeededRandom(3), log: silentLog });
    const service = await cluster.send('POST /api/v1/namespaces/default/services', {
      body: { metadata: { name: 'web' }, spec: { ports: [{ name: 'http', port: 80, targetPort: 8080 }] } },
    });
    expect(service.status, service.text).toBe(201);
    const backend = (port: object) => ({ service: { name: 'web', port } });
    const made = await cluster.send('POST /apis/networking.k8s.io/v1/namespaces/default/ingresses', {
      body: {
        metadata: { name: 'web' },
        spec: {
          rules: [
            {
              host: 'web.test',
              http: {
                paths: [
                  { path: '/', pathType: 'Prefix', backend: backend({ number: 80 }) },
                  { path: '/named', pathType: 'Prefix', backend: backend({ name: 'http' }) },
                  { path: '/no-port', pathType: 'Prefix', backend: backend({ number: 81 }) },
                  {
                    path: '/bucket',
                    pathType: 'Prefix',
                    backend: { resource: { apiGroup: 'storage.test', kind: 'Bucket', name: 'b' } },
                  },
                ],
              },
            },
          ],
        },
      },
    });
    expect(made.status, made.text).toBe(201);
    await putSlice([endpoint('10.1.0.1', { ready: true })]);
  });

  it('streams a request to a ready pod through its node', async () => {
    const response = await ask('http://web.test:8080/a%20b?c=d');
    expect([response.status, await response.text()]).toEqual([200, 'hello']);
    const { node, request } = seen[0]!;
    expect(node).toBe('node-1');
    expect(request.headers.get('x-kedge-dial')).toBe('10.1.0.1:8080');
    expect(request.url).toBe('http://web.test:8080/a%20b?c=d');
    await ask('http://web.test/named');
    expect(seen[1]!.request.headers.get('x-kedge-dial')).toBe('10.1.0.1:8080');
  });

  it('says who the client is and lets nobody else say it', async () => {
    await ask('http://web.test/', {
      headers: {
        'x-forwarded-for': '1.2.3.4',
        'x-forwarded-proto': 'https',
        forwarded: 'for=1.2.3.4',
        'x-kedge-dial-scheme': 'https',
        'x-kedge-relay': '1',
        'x-hop': 'secret',
        connection: 'x-hop',
        te: 'trailers',
        authorization: 'Basic abc',
        'user-agent': 'test',
      },
    });
    const headers = Object.fromEntries(seen[0]!.request.headers);
    expect(headers).toMatchObject({
      'x-forwarded-for': '203.0.113.7',
      'x-real-ip': '203.0.113.7',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'web.test',
      authorization: 'Basic abc',
      'user-agent': 'test',
    });
    for (const name of ['forwarded', 'x-kedge-dial-scheme', 'x-kedge-relay', 'x-hop', 'te'])
      expect(headers, name).not.toHaveProperty(name);
  });

  it('passes bodies, statuses and headers through, but for those of one hop', async () => {
    answer = async (_node, request) =>
      new Response(`got ${await request.text()}`, {
        status: 418,
        headers: [
          ['set-cookie', 'a=1'],
          ['set-cookie', 'b=2'],
          ['x-kedge-tunnel', 'x'],
          ['connection', 'close'],
          ['location', '/elsewhere'],
        ],
      });
    const response = await ask('http://web.test/', { method: 'POST', body: 'body' });
    expect([response.status, await response.text()]).toEqual([418, 'got body']);
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(response.headers.get('location')).toBe('/elsewhere');
    for (const name of ['x-kedge-tunnel', 'connection']) expect(response.headers.has(name)).toBe(false);
  });

  it('answers 404 where no rule matches and 503 where nothing is ready', async () => {
    expect((await ask('http://other.test/')).status).toBe(404);
    expect((await ask('http://web.test/no-port')).status).toBe(503);
    expect((await ask('http://web.test/bucket')).status).toBe(503);
    await putSlice([endpoint('10.1.0.1', { ready: false })]);
    expect((await ask('http://web.test/')).status).toBe(503);
    await putSlice([]);
    expect((await ask('http://web.test/')).status).toBe(503);
    expect(seen).toEqual([]);
  });

  it('uses pods that are ending only when no other is ready', async () => {
    const ending = endpoint('10.1.0.2', { ready: false, serving: true, terminating: true });
    await putSlice([ending]);
    expect((await ask('http://web.test/')).status).toBe(200);
    await putSlice([ending, endpoint('10.1.0.1', { ready: true })]);
    for (let i = 0; i < 8; i++) await ask('http://web.test/');
    const dialled = seen.map(({ request }) => request.headers.get('x-kedge-dial'));
    expect(dialled[0]).toBe('10.1.0.2:8080');
    expect(new Set(dialled.slice(1))).toEqual(new Set(['10.1.0.1:8080']));
  });

  it('spreads requests over the ready pods', async () => {
    await putSlice(['10.1.0.1', '10.1.0.2', '10.1.0.3'].map((ip) => endpoint(ip, { ready: true })));
    for (let i = 0; i < 60; i++) await ask('http://web.test/');
    expect(new Set(seen.map(({ request }) => request.headers.get('x-kedge-dial'))).size).toBe(3);
  });

  it('tries another pod when the first could not be connected to, once, and only without a body', async () => {
    await putSlice(['10.1.0.1', '10.1.0.2', '10.1.0.3'].map((ip, i) => endpoint(ip, { ready: true }, `node-${i}`)));
    let left = 1;
    answer = () => (left-- > 0 ? unreachable('connect') : new Response('second'));
    expect(await (await ask('http://web.test/')).text()).toBe('second');
    expect(new Set(seen.map(({ node }) => node)).size).toBe(2);

    left = 1;
    answer = () => {
      if (left-- > 0) throw new Error('node node-1: the node has no tunnel');
      return new Response('second');
    };
    expect(await (await ask('http://web.test/')).text()).toBe('second');

    seen = [];
    answer = () => unreachable('connect');
    const failed = await ask('http://web.test/');
    expect([failed.status, seen.length]).toEqual([502, 2]);
    // What the agent says about addresses inside the cluster stays inside.
    expect(await failed.text()).toBe('the pod could not be reached\n');

    seen = [];
    expect((await ask('http://web.test/', { method: 'POST', body: 'x' })).status).toBe(502);
    expect(seen.length).toBe(1);

    seen = [];
    answer = () => unreachable('lost');
    expect((await ask('http://web.test/')).status).toBe(502);
    expect(seen.length).toBe(1);
  });

  it('gives a pod its own 502', async () => {
    answer = () => new Response('mine', { status: 502 });
    const response = await ask('http://web.test/');
    expect([response.status, await response.text()]).toEqual([502, 'mine']);
  });

  it('sees a change of rules and endpoints after a second, and asks storage no more often than needed', async () => {
    let calls = 0;
    const { store } = cluster.options;
    const counting = {
      shardOf: (resource: string) =>
        new Proxy(store.shardOf(resource), {
          get(shard, name) {
            calls++;
            return (Reflect.get(shard, name) as (...words: unknown[]) => unknown).bind(shard);
          },
        }),
    };
    const nodes: NodeConnector = { fetch: async () => new Response('ok'), lastSeen: async () => new Map() };
    const { clock, random } = cluster.options;
    const second = createEdge({ store: counting, nodes, clock, random, log: silentLog });
    const get = () => second.fetch(new Request('http://web.test/'), '');
    await get();
    const before = calls;
    for (let i = 0; i < 100; i++) await get();
    expect(calls).toBe(before);
    await cluster.send('DELETE /apis/networking.k8s.io/v1/namespaces/default/ingresses/web');
    cluster.clock.advance(1_000);
    expect((await get()).status).toBe(404);
  });
});
