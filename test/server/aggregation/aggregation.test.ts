import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { systemRandom } from '../../../src/base/random.ts';
import type { APIService } from '../../../src/kinds/index.ts';
import type { KubeObject } from '../../../src/machinery/meta.ts';
import { generateClusterKeys } from '../../../src/server/cluster-keys.ts';
import { type Outbound, OutboundError, type OutboundOptions } from '../../../src/server/outbound/index.ts';
import { createTestCluster, type RequestInput, type TestCluster } from '../../support/cluster.ts';

interface Asked {
  path: string;
  headers: Headers;
  options: OutboundOptions;
}

/** A cluster, and an extension API server `metrics.example.com/v1` behind the Service `s` of namespace `n`. */
async function world(input: { serve?: (path: string) => Response | undefined } = {}) {
  const asked: Asked[] = [];
  const state = { up: true };
  const outbound: Outbound = {
    async call(target, options) {
      const path = 'service' in target ? (target.service.path ?? '/') : target.url;
      asked.push({ path, headers: new Headers(options.request.headers), options });
      if (!state.up) throw new OutboundError('unreachable', 'dial tcp 10.0.0.5:8443: connect: connection refused');
      return input.serve?.(path) ?? documents(path);
    },
  };
  const background: Promise<unknown>[] = [];
  const keys = await generateClusterKeys(systemClock, systemRandom);
  const cluster = await createTestCluster({
    outbound: () => outbound,
    bootstrap: true,
    host: { waitUntil: (work) => void background.push(work), keys: async () => keys },
  });
  /** Lets what runs behind the answers end. */
  const settle = async (): Promise<void> => {
    for (let work = background.shift(); work; work = background.shift()) await work;
  };
  return { cluster, asked, state, settle, keys };
}

function documents(path: string): Response {
  if (path === '/apis/metrics.example.com/v1') {
    return Response.json({
      kind: 'APIResourceList',
      groupVersion: 'metrics.example.com/v1',
      resources: [
        { name: 'meters', singularName: 'meter', namespaced: true, kind: 'Meter', verbs: ['get', 'list'] },
        { name: 'meters/status', namespaced: true, kind: 'Meter', verbs: ['get'] },
      ],
    });
  }
  if (path.startsWith('/apis/metrics.example.com/v1/')) return Response.json({ kind: 'MeterList', path });
  if (path === '/openapi/v3')
    return Response.json({
      paths: { 'apis/metrics.example.com/v1': { serverRelativeURL: '/openapi/v3/apis/metrics.example.com/v1?hash=H' } },
    });
  if (path.startsWith('/openapi/v3/')) return Response.json({ openapi: '3.0.0', path });
  if (path === '/openapi/v2')
    return Response.json({
      paths: {
        '/apis/metrics.example.com/v1/meters': { get: { schema: { $ref: '#/definitions/Meter' } } },
        '/apis/other/v1/x': {},
      },
      definitions: { Meter: { properties: { inner: { $ref: '#/definitions/Inner' } } }, Inner: {}, Unused: {} },
    });
  return new Response('404', { status: 404 });
}

const SERVICES = '/apis/apiregistration.k8s.io/v1/apiservices';
const API = {
  metadata: { name: 'v1.metrics.example.com' },
  spec: {
    ...{ group: 'metrics.example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 100 },
    ...{ service: { namespace: 'n', name: 's' }, caBundle: btoa('PEM') },
  },
};

async function addEndpoints(cluster: TestCluster): Promise<void> {
  await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'n' } } });
  await cluster.send('POST /api/v1/namespaces/n/services', {
    body: { metadata: { name: 's' }, spec: { clusterIP: '10.96.7.7', ports: [{ name: 'https', port: 443 }] } },
  });
  await cluster.send('POST /apis/discovery.k8s.io/v1/namespaces/n/endpointslices', {
    body: {
      metadata: { name: 's-1', labels: { 'kubernetes.io/service-name': 's' } },
      addressType: 'IPv4',
      ports: [{ name: 'https', port: 8443 }],
      endpoints: [{ addresses: ['10.0.0.5'], conditions: { ready: true }, nodeName: 'a' }],
    },
  });
}

async function register(cluster: TestCluster, settle: () => Promise<void>): Promise<void> {
  await addEndpoints(cluster);
  expect((await cluster.send(`POST ${SERVICES}`, { body: API })).status).toBe(201);
  await settle();
}

async function conditionOf(cluster: TestCluster, name = 'v1.metrics.example.com') {
  const { body } = await cluster.send<APIService & KubeObject>(`GET ${SERVICES}/${name}`);
  const condition = body.status?.conditions?.find(({ type }) => type === 'Available');
  return condition && [condition.status, condition.reason, condition.message];
}

describe('an extension API server', () => {
  it('is available once its Service leads to something that answers', async () => {
    const { cluster, settle } = await world();
    await cluster.send(`POST ${SERVICES}`, { body: API });
    await settle();
    expect(await conditionOf(cluster)).toEqual(['False', 'ServiceNotFound', 'service/s in "n" is not present']);
    await addEndpoints(cluster);
    cluster.clock.advance(3_000);
    expect((await cluster.send('GET /apis/metrics.example.com/v1')).status).toBe(200);
    await settle();
    expect(await conditionOf(cluster)).toEqual(['True', 'Passed', 'all checks passed']);
  });

  it('that fails is not available, and says why', async () => {
    const { cluster, state, settle } = await world({ serve: () => new Response('', { status: 404 }) });
    await register(cluster, settle);
    const url = 'https://10.96.7.7:443/apis/metrics.example.com/v1';
    expect(await conditionOf(cluster)).toEqual([
      'False',
      'FailedDiscoveryCheck',
      `failing or missing response from ${url}: bad status from ${url}: 404`,
    ]);
    state.up = false;
    cluster.clock.advance(3_000);
    const reply = await cluster.send('GET /apis/metrics.example.com/v1');
    expect([reply.status, reply.text]).toEqual([503, 'service unavailable\n']);
    expect((await conditionOf(cluster))?.[2]).toBe(
      `failing or missing response from ${url}: Get "${url}": dial tcp 10.0.0.5:8443: connect: connection refused`,
    );
  });

  it('answers in the name of the user, whose own words about that are dropped', async () => {
    const { cluster, asked, settle, keys } = await world();
    await register(cluster, settle);
    asked.length = 0;
    const request: RequestInput = {
      as: { name: 'jane', uid: '7', groups: ['dev'], extra: { 'example.com/Scopes': ['a', 'b'] } },
      headers: {
        'X-Remote-User': 'root',
        'X-Remote-Group': 'system:masters',
        'X-Remote-Extra-x': 'y',
        Authorization: 'Bearer secret',
        'Impersonate-User': 'root',
        'X-Other': 'kept',
      },
    };
    await cluster.send('POST /apis/rbac.authorization.k8s.io/v1/clusterroles', {
      body: {
        metadata: { name: 'm' },
        rules: [
          { apiGroups: ['metrics.example.com'], resources: ['*'], verbs: ['*'] },
          { apiGroups: [''], resources: ['users'], verbs: ['impersonate'] },
        ],
      },
    });
    await cluster.send('POST /apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      body: {
        metadata: { name: 'm' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'm' },
        subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'dev' }],
      },
    });
    delete request.headers!['Impersonate-User'];
    const { status, body } = await cluster.send(
      'GET /apis/metrics.example.com/v1/namespaces/n/meters?limit=1',
      request,
    );
    expect([status, body.path]).toEqual([200, '/apis/metrics.example.com/v1/namespaces/n/meters?limit=1']);
    const [call] = asked as [Asked];
    expect(Object.fromEntries(call.headers)).toMatchObject({
      'x-remote-user': 'jane',
      'x-remote-uid': '7',
      'x-remote-group': 'dev, system:authenticated',
      'x-remote-extra-example.com%2fscopes': 'a, b',
      'x-other': 'kept',
    });
    expect(call.options.request.lines).toEqual({
      'x-remote-group': ['dev', 'system:authenticated'],
      'x-remote-extra-example.com%2fscopes': ['a', 'b'],
    });
    for (const name of ['authorization', 'x-remote-extra-x', 'impersonate-user'])
      expect(call.headers.has(name)).toBe(false);
    expect(call.options.caBundle).toBe('PEM');
    expect(call.options.timeoutMs).toBeUndefined();
    const { X509Certificate } = await import('node:crypto');
    const shown = new X509Certificate(call.options.clientCertificate!.certificate);
    expect(shown.subject).toBe('CN=front-proxy-client');
    expect(shown.verify(new X509Certificate(keys.frontProxy!.certificate).publicKey)).toBe(true);
    const config = await cluster.send(
      'GET /api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication',
    );
    expect(config.body.data).toMatchObject({ 'requestheader-client-ca-file': keys.frontProxy!.certificate });
  });

  it('needs the rights that the request needs anywhere', async () => {
    const { cluster, asked, settle } = await world();
    await register(cluster, settle);
    asked.length = 0;
    const nobody = { as: { name: 'nobody', groups: [] } };
    expect((await cluster.send('GET /apis/metrics.example.com/v1/namespaces/n/meters', nobody)).status).toBe(403);
    expect(asked).toEqual([]);
  });

  it('that goes away is found out by who asks it, and asked again later', async () => {
    const { cluster, state, asked, settle } = await world();
    await register(cluster, settle);
    cluster.clock.advance(60_000);
    state.up = false;
    const lost = await cluster.send('GET /apis/metrics.example.com/v1/namespaces/n/meters');
    expect([lost.status, lost.text]).toEqual([
      503,
      'error trying to reach service: dial tcp 10.0.0.5:8443: connect: connection refused\n',
    ]);
    await settle();
    expect((await conditionOf(cluster))?.[0]).toBe('False');
    asked.length = 0;
    expect((await cluster.send('GET /apis/metrics.example.com/v1/namespaces/n/meters')).text).toBe(
      'service unavailable\n',
    );
    expect(asked).toEqual([]);
    state.up = true;
    cluster.clock.advance(11_000);
    expect((await cluster.send('GET /apis/metrics.example.com/v1/namespaces/n/meters')).status).toBe(200);
  });

  it('stands in discovery in its place, resources and subresources', async () => {
    const { cluster, settle } = await world();
    const before = await cluster.send<KubeObject & { groups: { name: string }[] }>('GET /apis');
    await register(cluster, settle);
    const { body } = await cluster.send<typeof before.body>('GET /apis');
    expect(body.groups).toHaveLength(before.body.groups.length + 1);
    expect(body.groups.at(-1)).toEqual({
      name: 'metrics.example.com',
      versions: [{ groupVersion: 'metrics.example.com/v1', version: 'v1' }],
      preferredVersion: { groupVersion: 'metrics.example.com/v1', version: 'v1' },
    });
    await cluster.send(`PATCH ${SERVICES}/v1.metrics.example.com`, { body: { spec: { groupPriorityMinimum: 20000 } } });
    expect((await cluster.send<typeof before.body>('GET /apis')).body.groups[0]?.name).toBe('metrics.example.com');
    const group = await cluster.send('GET /apis/metrics.example.com');
    expect(group.body).toMatchObject({ kind: 'APIGroup', name: 'metrics.example.com' });
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const aggregated = JSON.parse((await cluster.send('GET /apis', { accept })).text) as { items: object[] };
    expect(aggregated.items[0]).toEqual({
      metadata: { name: 'metrics.example.com' },
      versions: [
        {
          version: 'v1',
          freshness: 'Current',
          resources: [
            {
              resource: 'meters',
              responseKind: { group: '', version: '', kind: 'Meter' },
              scope: 'Namespaced',
              singularResource: 'meter',
              verbs: ['get', 'list'],
              subresources: [
                { subresource: 'status', responseKind: { group: '', version: '', kind: 'Meter' }, verbs: ['get'] },
              ],
            },
          ],
        },
      ],
    });
  });

  it('has its documents in OpenAPI', async () => {
    const { cluster, settle } = await world();
    await register(cluster, settle);
    const index = JSON.parse((await cluster.send('GET /openapi/v3')).text) as { paths: Record<string, object> };
    expect(index.paths['apis/metrics.example.com/v1']).toEqual({
      serverRelativeURL: '/openapi/v3/apis/metrics.example.com/v1?hash=H',
    });
    const document = await cluster.send('GET /openapi/v3/apis/metrics.example.com/v1?hash=H');
    expect(document.body).toMatchObject({ path: '/openapi/v3/apis/metrics.example.com/v1?hash=H' });
    const whole = JSON.parse((await cluster.send('GET /openapi/v2')).text) as {
      paths: Record<string, object>;
      definitions: Record<string, object>;
    };
    expect(whole.paths['/apis/metrics.example.com/v1/meters']).toBeDefined();
    expect(whole.paths['/apis/other/v1/x']).toBeUndefined();
    expect(Object.keys(whole.definitions)).toEqual(expect.arrayContaining(['Meter', 'Inner']));
    expect(whole.definitions.Unused).toBeUndefined();
  });
});

describe('group-versions of this server', () => {
  it('of a local API service are available', async () => {
    const { cluster } = await world();
    const spec = { group: 'local.example.com', version: 'v1', groupPriorityMinimum: 1, versionPriority: 1 };
    await cluster.send(`POST ${SERVICES}`, { body: { metadata: { name: 'v1.local.example.com' }, spec } });
    expect(await conditionOf(cluster, 'v1.local.example.com')).toEqual([
      'True',
      'Local',
      'Local APIServices are always available',
    ]);
  });

  it('that definitions serve are registered, and go with the last definition', async () => {
    const { cluster, settle } = await world();
    const definition = (plural: string, kind: string, versions: string[]) => ({
      body: {
        metadata: { name: `${plural}.example.com` },
        spec: {
          group: 'example.com',
          scope: 'Namespaced',
          names: { plural, kind },
          versions: versions.map((name, index) => ({
            ...{ name, served: true, storage: index === 0 },
            schema: { openAPIV3Schema: { type: 'object' } },
          })),
        },
      },
    });
    const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    const names = async () =>
      (await cluster.send<KubeObject & { items: KubeObject[] }>(`GET ${SERVICES}`)).body.items
        .map(({ metadata }) => metadata.name)
        .filter((name) => name?.endsWith('.example.com'));
    await cluster.send(`POST ${CRDS}`, definition('widgets', 'Widget', ['v1', 'v2']));
    await cluster.send(`POST ${CRDS}`, definition('gadgets', 'Gadget', ['v1']));
    expect(await names()).toEqual(['v1.example.com', 'v2.example.com']);
    const { body } = await cluster.send<APIService & KubeObject>(`GET ${SERVICES}/v2.example.com`);
    expect(body.metadata.labels).toEqual({ 'kube-aggregator.kubernetes.io/automanaged': 'true' });
    expect(body.spec).toEqual({
      group: 'example.com',
      version: 'v2',
      groupPriorityMinimum: 1000,
      versionPriority: 100,
    });
    await cluster.send(`DELETE ${SERVICES}/v2.example.com`);
    expect(await names()).toEqual(['v1.example.com']);
    await cluster.send('GET /apis');
    await settle();
    expect(await names()).toEqual(['v1.example.com', 'v2.example.com']);
    await cluster.send(`DELETE ${CRDS}/widgets.example.com`);
    expect(await names()).toEqual(['v1.example.com']);
    await cluster.send(`DELETE ${CRDS}/gadgets.example.com`);
    expect(await names()).toEqual([]);
  });
});
