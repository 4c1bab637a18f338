import { beforeEach, describe, expect, it } from 'vitest';
import type { LogFields } from '../../src/server/contract.ts';
import { createTestCluster, silentLog, type TestCluster } from '../support/cluster.ts';

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await createTestCluster();
});

describe('the chain', () => {
  it('answers 401 for a wrong token and 403 for nobody', async () => {
    const wrong = await cluster.send('GET /api/v1/pods', { headers: { Authorization: 'Bearer wrong' } });
    expect(wrong.body).toMatchObject({ code: 401, reason: 'Unauthorized', message: 'Unauthorized' });
    const nobody = await cluster.send('GET /api/v1/namespaces/a/pods', { headers: { Authorization: '' } });
    expect(nobody.body).toMatchObject({
      code: 403,
      message:
        'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" in the namespace "a"',
    });
  });

  it('acts as somebody else for who may impersonate', async () => {
    const { body } = await cluster.send('GET /api/v1/pods', { headers: { 'Impersonate-User': 'jane' } });
    expect(body).toMatchObject({
      code: 403,
      message: expect.stringContaining('User "jane" cannot list resource "pods"'),
    });
  });

  it('tells unknown resources, groups, paths and methods apart', async () => {
    expect((await cluster.send('GET /api/v1/nonsense')).body).toMatchObject({
      code: 404,
      message: 'the server could not find the requested resource',
      details: {},
    });
    for (const path of ['/nonsense', '/apis/nonsense', '/apis/nonsense.example.com/v1/things']) {
      const reply = await cluster.send(`GET ${path}`);
      expect([reply.status, reply.text]).toEqual([404, '404 page not found\n']);
    }
    expect((await cluster.send('POST /api/v1/nodes/n', { body: {} })).body).toMatchObject({
      code: 405,
      reason: 'MethodNotAllowed',
    });
    expect((await cluster.send('GET /api/v1/namespaces/a/nodes')).status).toBe(404);
  });

  it('gives every answer its request id, and logs a fault without telling the client its stack', async () => {
    const lines: LogFields[] = [];
    const failing = await createTestCluster({
      log: { ...silentLog, error: (_message, fields) => void lines.push(fields ?? {}) },
    });
    failing.options.store.shardOf('configmaps').get = async () => {
      throw new Error('disk on fire');
    };
    const reply = await failing.send('GET /api/v1/namespaces/a/configmaps/c');
    expect(reply.body).toMatchObject({
      code: 500,
      reason: 'InternalError',
      message: 'Internal error occurred: disk on fire',
    });
    expect(reply.text).not.toContain('at ');
    expect(lines[0]).toMatchObject({ id: reply.headers.get('audit-id'), error: 'disk on fire' });
  });
});

describe('paths beside the resources', () => {
  it('serves version, health and the list of paths', async () => {
    expect((await cluster.send<object>('GET /version')).body).toMatchObject({
      major: '1',
      minor: '36',
      gitVersion: 'v1.36.0+kedge-test',
    });
    expect((await cluster.send('GET /livez')).text).toBe('ok');
    expect((await cluster.send('GET /livez?verbose&exclude=etcd')).text).toContain('[+]etcd excluded: ok');
    expect((await cluster.send('GET /readyz/etcd')).text).toBe('ok');
    expect((await cluster.send('GET /livez/nonsense')).status).toBe(404);
    expect((await cluster.send<{ paths: string[] }>('GET /')).body.paths).toContain('/apis/apps/v1');
  });

  it('knows the checks of upstream by their names', async () => {
    const verbose = (await cluster.send('GET /livez?verbose&exclude=nape&exclude=etcd&exclude=mape')).text.split('\n');
    expect(verbose[0]).toBe('[+]ping ok');
    expect(verbose).toContain('[+]poststarthook/crd-informer-synced ok');
    expect(verbose.slice(-3)).toEqual([
      'warn: some health checks cannot be excluded: no matches for "mape","nape"',
      'livez check passed',
      '',
    ]);
    expect((await cluster.send('GET /healthz/poststarthook/bootstrap-controller')).text).toBe('ok');
    expect((await cluster.send('GET /livez/shutdown')).status).toBe(404);
  });

  it.each([
    ['POST /api', 405],
    ['POST /apis', 200],
    ['PUT /apis/apps', 200],
    ['PUT /apis/apps/v1', 405],
    ['DELETE /openapi/v3', 200],
    ['POST /version', 405],
    ['GET /version/x', 404],
    ['GET /apis/apps/', 200],
    ['GET /healthz/', 404],
    ['POST /.well-known/openid-configuration', 405],
    ['OPTIONS /api/v1/nodes', 405],
    ['OPTIONS /api/v1/nodes/none/proxy', 404],
    ['DELETE /api/v1/componentstatuses', 405],
    ['GET /apis/authentication.k8s.io/v1/tokenreviews/x', 404],
    ['PUT /apis/authentication.k8s.io/v1/tokenreviews', 405],
  ])('answers %s with %i', async (target, status) => {
    expect((await cluster.send(target)).status).toBe(status);
  });

  it.each([
    ['1m30s', undefined],
    ['-.5h', undefined],
    ['0', undefined],
    ['5', 'missing unit in duration "5"'],
    ['1d', 'unknown unit "d" in duration "1d"'],
    ['soon', 'invalid duration "soon"'],
    ['1h-5m', 'unknown unit "h-" in duration "1h-5m"'],
  ])('takes the time %s as %s', async (timeout, fault) => {
    const reply = await cluster.send<{ message?: string }>(`GET /api?timeout=${timeout}`);
    const said = fault && `invalid timeout specified in the request URL - time: ${fault}`;
    expect([reply.status, reply.body.message]).toEqual([fault ? 400 : 200, said]);
  });

  it('warns of old kinds only where it answers', async () => {
    const warningOf = async (target: string) => (await cluster.send(target)).headers.get('warning');
    expect(await warningOf('GET /api/v1/componentstatuses')).toContain('deprecated');
    expect(await warningOf('POST /api/v1/componentstatuses')).toBeNull();
    expect(await warningOf('PUT /api/v1/namespaces/x/endpoints')).toBeNull();
  });

  it.each([
    ['/api/v1/nodes', 405],
    ['/apis/authentication.k8s.io/v1/tokenreviews', 405],
    ['/apis/authentication.k8s.io/v1/tokenreviews/x', 404],
    ['/apis/apps', 200],
  ])('has for the head of %s a status of %i', async (path, status) => {
    expect((await cluster.fetch(`HEAD ${path}`)).status).toBe(status);
  });

  it('offers documents under a tag that names their state', async () => {
    const tag = (await cluster.send('GET /openapi/v2')).headers.get('etag') ?? '';
    expect(tag).toMatch(/^"[0-9A-F]{128}"$/);
    expect((await cluster.send('GET /openapi/v2', { headers: { 'If-None-Match': tag } })).status).toBe(304);
  });

  it('reports a store that is down', async () => {
    cluster.options.store.shardOf('namespaces').revision = async () => {
      throw new Error('gone');
    };
    const { status, text } = await cluster.send('GET /livez');
    expect(status).toBe(500);
    expect(text).toContain('[-]etcd failed: reason withheld');
  });

  it('counts requests under upstream’s names', async () => {
    await cluster.send('GET /api/v1/namespaces/a/configmaps/none');
    const { text } = await cluster.send('GET /metrics');
    expect(text).toMatch(
      /apiserver_request_total\{code="404",component="apiserver",.*resource="configmaps",scope="resource".*\} 1/,
    );
    expect(text).toMatch(/apiserver_request_duration_seconds_bucket\{.*le="\+Inf"\} 1/);
    expect(text).toContain('apiserver_current_inflight_requests{request_kind="mutating"} 0');
  });

  it('shows the components as healthy', async () => {
    const { body } = await cluster.send<{ items: { metadata: { name: string } }[] }>('GET /api/v1/componentstatuses');
    expect(body.items.map(({ metadata }) => metadata.name)).toEqual(['controller-manager', 'etcd-0', 'scheduler']);
  });
});
