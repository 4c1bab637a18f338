import { beforeEach, describe, expect, it } from 'vitest';
import { createTestCluster, type TestCluster } from '../support/cluster.ts';

const PATH = '/api/v1/namespaces/team/configmaps';
let cluster: TestCluster;

beforeEach(async () => {
  cluster = await createTestCluster();
  await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'team' } } });
});

describe('create', () => {
  it('answers 201 with the object and what the server decides about it', async () => {
    const { status, body } = await cluster.send(`POST ${PATH}`, {
      body: { metadata: { name: 'c', uid: 'mine' }, data: { a: '1' } },
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1', data: { a: '1' } });
    expect(body.metadata).toMatchObject({ name: 'c', namespace: 'team', creationTimestamp: '2026-01-01T00:00:00Z' });
    expect(body.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(body.metadata.resourceVersion).toMatch(/^[1-9]\d*$/);
    expect(body.metadata.managedFields).toEqual([
      expect.objectContaining({ manager: 'test', operation: 'Update', fieldsV1: { 'f:data': { '.': {}, 'f:a': {} } } }),
    ]);
  });

  it('refuses a version where it stores, so not in a dry run', async () => {
    const body = { metadata: { name: 'v', resourceVersion: '5' } };
    expect((await cluster.send(`POST ${PATH}?dryRun=All`, { body })).body.metadata.resourceVersion).toBe('5');
    expect((await cluster.send(`POST ${PATH}`, { body })).status).toBe(500);
  });

  it('refuses a name that is taken, and says when its holder is being deleted', async () => {
    await cluster.send(`POST ${PATH}`, { body: { metadata: { name: 'c', finalizers: ['example.com/f'] } } });
    const taken = await cluster.send(`POST ${PATH}`, { body: { metadata: { name: 'c' } } });
    expect(taken.body).toMatchObject({ code: 409, reason: 'AlreadyExists', message: 'configmaps "c" already exists' });
    await cluster.send(`DELETE ${PATH}/c`);
    const going = await cluster.send(`POST ${PATH}`, { body: { metadata: { name: 'c' } } });
    expect(going.body).toMatchObject({ message: 'object is being deleted: configmaps "c" already exists' });
  });

  it('tries another name when a generated one is taken', async () => {
    const constant = { ...cluster.options.random, next: () => 0 };
    const same = await createTestCluster({ random: constant });
    await same.send('POST /api/v1/namespaces', { body: { metadata: { name: 'team' } } });
    const first = await same.send(`POST ${PATH}`, { body: { metadata: { generateName: 'g-' } } });
    expect(first.body.metadata.name).toBe('g-bbbbb');
    const second = await same.send(`POST ${PATH}`, { body: { metadata: { generateName: 'g-' } } });
    expect(second.body).toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
      message: 'configmaps "g-bbbbb" already exists, the server was not able to generate a unique name for the object',
      details: { retryAfterSeconds: 1 },
    });
  });

  it('keeps nothing on a dry run but checks everything', async () => {
    const dry = await cluster.send(`POST ${PATH}?dryRun=All`, { body: { metadata: { name: 'c' } } });
    expect(dry.status).toBe(201);
    expect(dry.body.metadata.resourceVersion).toBeUndefined();
    expect((await cluster.send(`GET ${PATH}/c`)).status).toBe(404);
    await cluster.send(`POST ${PATH}`, { body: { metadata: { name: 'c' } } });
    expect((await cluster.send(`POST ${PATH}?dryRun=All`, { body: { metadata: { name: 'c' } } })).status).toBe(409);
  });

  it('knows types that it does not serve, and groups that are empty', async () => {
    const post = (apiVersion: string, kind: string) =>
      cluster.send('POST /api/v1/namespaces/team/configmaps?dryRun=All', {
        body: { apiVersion, kind, metadata: { name: 'n' } },
      });
    for (const kind of ['List', 'Status', 'ConfigMapList', 'DeleteOptions'])
      expect((await post('v1', kind)).body).toMatchObject({
        code: 400,
        message: `${kind} in version "v1" cannot be handled as a ConfigMap: converting (v1.${kind}) to (core.ConfigMap): unknown conversion`,
      });
    expect((await post('/v1', 'ConfigMap')).status).toBe(201);
    expect((await post('v1/', 'ConfigMap')).body).toMatchObject({
      message: expect.stringContaining(`cannot be handled as a ConfigMap: Object 'apiVersion' is missing in '{`),
    });
  });

  it('names a limit range that has no name', async () => {
    const body = { metadata: {}, spec: { limits: [] } };
    const { body: made } = await cluster.send('POST /api/v1/namespaces/team/limitranges', { body });
    expect(made.metadata.name).toMatch(/^[0-9a-f]{8}-/);
  });

  it('refuses a namespace other than that of the path', async () => {
    const { body } = await cluster.send(`POST ${PATH}`, { body: { metadata: { name: 'c', namespace: 'other' } } });
    expect(body).toMatchObject({
      code: 400,
      message: 'the namespace of the provided object does not match the namespace sent on the request',
    });
  });

  it.each([
    ['Strict', 400, undefined],
    ['Warn', 201, '299 - "unknown field \\"bogus\\""'],
    ['Ignore', 201, null],
  ])('treats unknown fields as fieldValidation %s says', async (mode, status, warning) => {
    const reply = await cluster.send(`POST ${PATH}?fieldValidation=${mode}`, {
      body: { metadata: { name: 'c' }, bogus: 1 },
    });
    expect(reply.status).toBe(status);
    if (warning !== undefined) expect(reply.headers.get('warning')).toBe(warning);
  });

  it('reads YAML bodies', async () => {
    const { status, body } = await cluster.send(`POST ${PATH}`, {
      type: 'application/yaml',
      body: 'metadata: {name: yaml}\ndata: {a: "1"}\n',
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({ data: { a: '1' } });
  });

  it('refuses a body above 3 MiB and one in another format', async () => {
    const large = await cluster.send(`POST ${PATH}`, { body: `{"data":{"a":"${'x'.repeat(3 * 1024 * 1024)}"}}` });
    expect(large.body).toMatchObject({
      code: 413,
      reason: 'RequestEntityTooLarge',
      message: 'Request entity too large: limit is 3145728',
    });
    const text = await cluster.send(`POST ${PATH}`, { body: 'x', type: 'text/plain' });
    expect(text.body).toMatchObject({ code: 415, reason: 'UnsupportedMediaType' });
  });
});
