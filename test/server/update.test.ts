import { beforeEach, describe, expect, it } from 'vitest';
import { createTestCluster, type TestCluster } from '../support/cluster.ts';

const PATH = '/api/v1/namespaces/team/configmaps';
const MODIFIED =
  'Operation cannot be fulfilled on configmaps "c": the object has been modified; please apply your changes to the latest version and try again';
let cluster: TestCluster;
let version: string;

beforeEach(async () => {
  cluster = await createTestCluster();
  await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'team' } } });
  const { body } = await cluster.send(`POST ${PATH}`, { body: { metadata: { name: 'c' }, data: { a: '1' } } });
  version = body.metadata.resourceVersion!;
});

describe('update', () => {
  it('writes with the present version or with none, and refuses an old one', async () => {
    const put = (resourceVersion: string, a: string) =>
      cluster.send(`PUT ${PATH}/c`, { body: { metadata: { name: 'c', resourceVersion }, data: { a } } });
    expect((await put(version, '2')).status).toBe(200);
    expect((await put(version, '3')).body).toMatchObject({ code: 409, reason: 'Conflict', message: MODIFIED });
    expect((await put('', '4')).body).toMatchObject({ data: { a: '4' } });
  });

  it('takes version 0 for none', async () => {
    const put = (dryRun: string) =>
      cluster.send(`PUT ${PATH}/c${dryRun}`, { body: { metadata: { name: 'c', resourceVersion: '0' }, data: {} } });
    expect((await put('?dryRun=All')).body.metadata.resourceVersion).toBe(version);
    expect((await put('')).status).toBe(200);
  });

  it('names the key without its root where a dry run is refused for its uid', async () => {
    const uid = '11111111-2222-3333-4444-555555555555';
    const put = (path: string, kind: string, name: string) =>
      cluster.send(`PUT ${path}/${name}?dryRun=All`, { body: { kind, metadata: { name, uid } } });
    expect((await put(PATH, 'ConfigMap', 'c')).body).toMatchObject({
      code: 409,
      message: expect.stringContaining('Key: /configmaps/team/c,'),
    });
    expect((await put('/api/v1/namespaces/team/limitranges', 'LimitRange', 'l')).body).toMatchObject({
      code: 409,
      message: expect.stringMatching(/Key: \/limitranges\/team\/l,.*UID in object meta: $/),
    });
  });

  it('forgets the managers when an empty list of them is sent', async () => {
    const metadata = { name: 'c', managedFields: [] };
    const { body } = await cluster.send(`PUT ${PATH}/c`, { body: { metadata, data: { a: '1' } } });
    expect(body.metadata.managedFields).toBeUndefined();
  });

  it('finds keys that come twice in a JSON patch', async () => {
    const text = '[{"op":"add","path":"/data/b","value":"2","path":"/data/b"}]';
    const patch = (validation: string) =>
      cluster.send(`PATCH ${PATH}/c?fieldValidation=${validation}`, { body: text, type: 'json' });
    expect((await patch('Strict')).body).toMatchObject({
      code: 422,
      message: expect.stringContaining('strict decoding error: json patch duplicate field "[0].path"'),
    });
    const warned = await patch('Warn');
    expect(warned.headers.get('warning')).toBe('299 - "json patch duplicate field \\"[0].path\\""');
  });

  it('keeps the version when nothing changes', async () => {
    cluster.clock.advance(60_000);
    const { body } = await cluster.send(`PUT ${PATH}/c`, { body: { metadata: { name: 'c' }, data: { a: '1' } } });
    expect(body.metadata.resourceVersion).toBe(version);
  });

  it('answers 404 for a missing object, 400 for another name, 409 for another uid', async () => {
    expect((await cluster.send(`PUT ${PATH}/none`, { body: { metadata: { name: 'none' } } })).status).toBe(404);
    expect((await cluster.send(`PUT ${PATH}/c`, { body: { metadata: { name: 'd' } } })).body).toMatchObject({
      code: 400,
      message: 'the name of the object (d) does not match the name on the URL (c)',
    });
    const uid = '11111111-2222-3333-4444-555555555555';
    expect((await cluster.send(`PUT ${PATH}/c`, { body: { metadata: { name: 'c', uid } } })).body).toMatchObject({
      code: 409,
      message: expect.stringContaining(`Key: /registry/configmaps/team/c`),
    });
  });

  it('creates kinds that allow it, and changes those only that name their version where a kind asks for it', async () => {
    const lease = '/apis/coordination.k8s.io/v1/namespaces/team/leases/l';
    const put = (resourceVersion?: string) =>
      cluster.send(`PUT ${lease}`, {
        body: { metadata: { name: 'l', resourceVersion }, spec: { leaseDurationSeconds: 3 } },
      });
    const created = await put();
    expect(created.status).toBe(201);
    expect((await put(created.body.metadata.resourceVersion)).status).toBe(200);
    expect((await put()).body).toMatchObject({
      code: 422,
      message: expect.stringContaining('metadata.resourceVersion: Invalid value: 0: must be specified for an update'),
    });
  });

  it('raises the generation with the spec only, and leaves the status to its subresource', async () => {
    const path = '/apis/apps/v1/namespaces/team/deployments';
    const deployment = (replicas: number, status: object) => ({
      metadata: { name: 'd' },
      spec: {
        replicas,
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'x', image: 'x' }] } },
      },
      status,
    });
    await cluster.send(`POST ${path}`, { body: deployment(1, { replicas: 9 }) });
    const main = await cluster.send(`PUT ${path}/d`, { body: deployment(2, { replicas: 9 }) });
    expect(main.body).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 2 }, status: {} });
    const status = await cluster.send(`PUT ${path}/d/status`, { body: deployment(7, { replicas: 2 }) });
    expect(status.body).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 2 }, status: { replicas: 2 } });
  });
});

describe('patch', () => {
  it.each([
    ['merge', { data: { b: '2' } }],
    ['strategic', { data: { b: '2' } }],
    ['json', [{ op: 'add', path: '/data/b', value: '2' }]],
    ['apply', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { b: '2' } }],
  ])('of type %s changes what it names', async (type, body) => {
    const query = type === 'apply' ? '?fieldManager=me' : '';
    const reply = await cluster.send(`PATCH ${PATH}/c${query}`, { type, body });
    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({ data: { a: '1', b: '2' } });
  });

  it('is repeated when somebody else writes in between', async () => {
    const store = cluster.options.store;
    const shard = store.shardOf('configmaps');
    const get = shard.get.bind(shard);
    let raced = false;
    shard.get = async (key) => {
      const result = await get(key);
      if (!raced && key.name === 'c') {
        raced = true;
        await cluster.send(`PUT ${PATH}/c`, { body: { metadata: { name: 'c' }, data: { a: 'other' } } });
      }
      return result;
    };
    const { status, body } = await cluster.send(`PATCH ${PATH}/c`, { body: { data: { b: '2' } } });
    expect(status).toBe(200);
    expect(body).toMatchObject({ data: { a: 'other', b: '2' } });
  });

  it('needs the right to create where an apply would', async () => {
    const admin = { name: 'kubernetes-admin', groups: ['system:masters'] };
    const role = {
      metadata: { name: 'r', namespace: 'team' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['patch'] }],
    };
    await cluster.send('POST /apis/rbac.authorization.k8s.io/v1/namespaces/team/roles', { as: admin, body: role });
    await cluster.send('POST /apis/rbac.authorization.k8s.io/v1/namespaces/team/rolebindings', {
      as: admin,
      body: {
        metadata: { name: 'r' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' }],
      },
    });
    const jane = { name: 'jane', groups: [] };
    const body = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
    const apply = (name: string) =>
      cluster.send(`PATCH ${PATH}/${name}?fieldManager=me`, { type: 'apply', as: jane, body: body(name) });
    expect((await apply('c')).status).toBe(200);
    expect((await apply('new')).status).toBe(403);
  });
});
