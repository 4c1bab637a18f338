import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/machinery/meta.ts';
import type { NodeConnector } from '../../../src/server/contract.ts';
import {
  createOutbound,
  type OutboundDeps,
  OutboundError,
  parseOpenAddresses,
} from '../../../src/server/outbound/index.ts';
import { createTestCluster, type TestCluster } from '../../support/cluster.ts';

interface Sent {
  via: string;
  url: string;
  headers: Record<string, string>;
}

interface World {
  cluster: TestCluster;
  sent: Sent[];
  call: ReturnType<typeof createOutbound>['call'];
}

const ok = (): Response => new Response('fine');

async function world(
  input: { nodes?: (node: string) => Response; deps?: Partial<OutboundDeps>; seen?: string[] } = {},
): Promise<World> {
  const sent: Sent[] = [];
  const keep = (via: string, request: Request): void => {
    sent.push({ via, url: request.url, headers: Object.fromEntries(request.headers) });
  };
  const nodes: NodeConnector = {
    async fetch(node, request) {
      keep(node, request);
      return (input.nodes ?? ok)(node);
    },
    lastSeen: async (names) => new Map((input.seen ?? names).map((name, index) => [name, index])),
  };
  const cluster = await createTestCluster({ nodes });
  const outbound = createOutbound({
    ...cluster.options,
    clock: cluster.clock,
    nodes,
    open: [],
    fetch: async (request) => {
      keep('fetch', request);
      return ok();
    },
    ...input.deps,
  });
  return { cluster, sent, call: outbound.call };
}

async function addService(cluster: TestCluster, spec: object, endpoints: { address: string; node?: string }[] = []) {
  await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'n' } } });
  await cluster.send('POST /api/v1/namespaces/n/services', { body: { metadata: { name: 's' }, spec } });
  if (endpoints.length === 0) return;
  const slice = {
    metadata: { name: 's-1', labels: { 'kubernetes.io/service-name': 's' } },
    addressType: 'IPv4',
    ports: [{ name: 'https', port: 8443 }],
    endpoints: endpoints.map(({ address, node }) => ({
      addresses: [address],
      conditions: { ready: true },
      ...(node ? { nodeName: node } : {}),
    })),
  };
  const { status } = await cluster.send('POST /apis/discovery.k8s.io/v1/namespaces/n/endpointslices', { body: slice });
  expect(status).toBe(201);
}

const PORTS = { ports: [{ name: 'https', port: 443, targetPort: 8443 }] };
const service = (path = '/x?y=1') => ({ service: { namespace: 'n', name: 's', port: 443, path } });
const post = { request: { method: 'POST', body: '{}' } };
const failure = async (run: Promise<unknown>): Promise<OutboundError> =>
  run.then(
    () => expect.unreachable('the call was made'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(OutboundError);
      return error as OutboundError;
    },
  );

describe('a call to a URL', () => {
  it('goes out by fetch where it needs no authority of its own, and follows no redirect', async () => {
    const { sent, call } = await world({
      deps: { fetch: async (request) => new Response(null, { status: 302, headers: { location: request.redirect } }) },
    });
    const answer = await call({ url: 'https://hook.example.com/x' }, post);
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toBe('manual');
    expect(sent).toEqual([]);
  });

  it.each([
    'http://hook.example.com/',
    'https://user:pass@hook.example.com/',
    'https://127.0.0.1/',
    'https://localhost:8443/',
    'https://a.localhost/',
    'https://[::1]/',
    'https://10.0.0.1/',
    'https://169.254.169.254/latest/meta-data',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://[::ffff:127.0.0.1]/',
    'nonsense',
  ])('is refused at %s', async (url) => {
    const { sent, call } = await world();
    expect((await failure(call({ url }, post))).fault).toBe('refused');
    expect(sent).toEqual([]);
  });

  it('may lead to addresses that a setting opens, and says to the dialler which', async () => {
    const { sent, call } = await world({
      deps: {
        open: parseOpenAddresses('loopback'),
        dialer: {
          async fetch(request) {
            sent.push({ via: 'dialer', url: request.url, headers: Object.fromEntries(request.headers) });
            return ok();
          },
        },
      },
    });
    await call({ url: 'https://127.0.0.1:8443/x' }, { ...post, caBundle: 'PEM' });
    expect(sent).toMatchObject([
      {
        via: 'dialer',
        url: 'http://127.0.0.1:8443/x',
        headers: {
          'x-kedge-dial': '127.0.0.1:8443',
          'x-kedge-dial-scheme': 'https',
          'x-kedge-dial-ca': btoa('PEM'),
          'x-kedge-dial-allow': 'public,loopback',
        },
      },
    ]);
    expect(() => parseOpenAddresses('everything')).toThrow('"everything" is no class of addresses');
  });

  it('with an authority of its own goes through the node that was heard of last', async () => {
    const { cluster, sent, call } = await world({ seen: ['a', 'b'] });
    for (const name of ['a', 'b']) await cluster.send('POST /api/v1/nodes', { body: { metadata: { name } } });
    await call({ url: 'https://hook.example.com/x' }, { ...post, caBundle: 'PEM' });
    expect(sent[0]).toMatchObject({ via: 'b', headers: { 'x-kedge-dial': 'hook.example.com:443' } });
  });

  it('with an empty bundle is verified by the authorities of the machine', async () => {
    const { cluster, sent, call } = await world({ seen: ['a'] });
    await cluster.send('POST /api/v1/nodes', { body: { metadata: { name: 'a' } } });
    await call({ url: 'https://hook.example.com/x' }, { ...post, caBundle: ' \n' });
    expect(sent[0]?.headers['x-kedge-dial-ca']).toBe('system');
  });

  it('with an authority of its own fails where no node is connected', async () => {
    const { call } = await world({ seen: [] });
    const error = await failure(call({ url: 'https://hook.example.com/x' }, { ...post, caBundle: 'PEM' }));
    expect(error.message).toContain('no node of the cluster is connected');
  });
});

describe('a call to a Service', () => {
  it('goes through the node of an endpoint and names the server', async () => {
    const { cluster, sent, call } = await world();
    await addService(cluster, PORTS, [{ address: '10.0.0.5', node: 'a' }]);
    const request = { method: 'POST', body: '{}', headers: { 'x-kedge-dial': 'elsewhere:1', accept: 'a/b' } };
    await call(service(), { request, caBundle: 'PEM', clientCertificate: { certificate: 'C', key: 'K' } });
    expect(sent).toMatchObject([
      {
        via: 'a',
        url: 'http://s.n.svc:443/x?y=1',
        headers: {
          accept: 'a/b',
          'x-kedge-dial': '10.0.0.5:8443',
          'x-kedge-dial-server-name': 's.n.svc',
          'x-kedge-dial-ca': btoa('PEM'),
          'x-kedge-dial-certificate': btoa('C\nK'),
        },
      },
    ]);
    expect(sent[0]?.headers['x-kedge-dial-allow']).toBeUndefined();
  });

  it('tries the next endpoint while nothing can have arrived', async () => {
    const refused = () =>
      new Response('error trying to reach service: dial tcp 10.0.0.5:8443: connect: connection refused', {
        status: 502,
        headers: { 'x-kedge-dial-error': 'connect' },
      });
    const { cluster, sent, call } = await world({ nodes: (node) => (node === 'a' ? refused() : ok()) });
    await addService(cluster, PORTS, [
      { address: '10.0.0.5', node: 'a' },
      { address: '10.0.0.6', node: 'b' },
      { address: '10.0.0.7', node: 'b' },
    ]);
    for (let i = 0; i < 8; i++) expect((await call(service(), post)).status).toBe(200);
    expect(sent.filter(({ via }) => via === 'a').length).toBeGreaterThan(0);
    expect(sent.length).toBeGreaterThan(8);
  });

  it('is not sent again when it was lost on the way', async () => {
    const { cluster, sent, call } = await world({
      nodes: () => new Response('EOF', { status: 502, headers: { 'x-kedge-dial-error': 'lost' } }),
    });
    await addService(cluster, PORTS, [
      { address: '10.0.0.5', node: 'a' },
      { address: '10.0.0.6', node: 'b' },
    ]);
    expect((await failure(call(service(), post))).message).toBe('EOF');
    expect(sent).toHaveLength(1);
  });

  it('fails with what is missing', async () => {
    const missing = await world();
    expect((await failure(missing.call(service(), post))).message).toBe('service "s" not found');
    await addService(missing.cluster, PORTS);
    missing.cluster.clock.advance(2_000);
    expect((await failure(missing.call(service(), post))).message).toBe('no endpoints available for service "s"');
    const wrong = { service: { namespace: 'n', name: 's', port: 80 } };
    expect((await failure(missing.call(wrong, post))).message).toBe('no service port 80 found for service "s"');
  });

  it('of an external name is held to the rules of URLs', async () => {
    const { cluster, sent, call } = await world();
    await addService(cluster, { type: 'ExternalName', externalName: 'api.example.com' });
    await cluster.send('POST /api/v1/nodes', { body: { metadata: { name: 'a' } } });
    await call(service(), post);
    expect(sent[0]?.headers).toMatchObject({
      'x-kedge-dial': 'api.example.com:443',
      'x-kedge-dial-ca': 'system',
      'x-kedge-dial-allow': 'public',
    });
    await cluster.send<KubeObject>('PATCH /api/v1/namespaces/n/services/s', {
      body: { spec: { externalName: 'localhost' } },
    });
    cluster.clock.advance(2_000);
    expect((await failure(call(service(), post))).fault).toBe('refused');
  });
});

describe('the limits of a call', () => {
  it('end one that is not answered in time', async () => {
    const { cluster, call } = await world({ deps: { fetch: () => new Promise(() => undefined) } });
    const call_ = failure(call({ url: 'https://hook.example.com/' }, { ...post, timeoutMs: 1_000 }));
    cluster.clock.advance(1_001);
    expect(await call_).toMatchObject({ fault: 'timeout', message: 'context deadline exceeded' });
  });

  it('end a body that trickles, and one that is too large', async () => {
    const trickle = await world({ deps: { fetch: async () => new Response(new ReadableStream()) } });
    const answer = await trickle.call({ url: 'https://hook.example.com/' }, { ...post, timeoutMs: 1_000 });
    const body = failure(answer.text());
    trickle.cluster.clock.advance(1_001);
    expect((await body).fault).toBe('timeout');
    const flood = await world({ deps: { fetch: async () => new Response('x'.repeat(101)) } });
    const large = await flood.call({ url: 'https://hook.example.com/' }, { ...post, maxBytes: 100 });
    expect((await failure(large.text())).fault).toBe('tooLarge');
    const fits = await flood.call({ url: 'https://hook.example.com/' }, { ...post, maxBytes: 101 });
    expect((await fits.text()).length).toBe(101);
  });

  it('end when the caller gives up', async () => {
    const { call } = await world({ deps: { fetch: () => new Promise(() => undefined) } });
    const controller = new AbortController();
    const given = failure(
      call({ url: 'https://hook.example.com/' }, { request: { method: 'GET', signal: controller.signal } }),
    );
    controller.abort();
    expect((await given).message).toBe('context canceled');
  });
});
