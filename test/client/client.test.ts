import { expect, test } from 'vitest';
import { createClient } from '../../src/client/index.ts';
import { type ConfigMap, configMaps, deployments, nodes, pods } from '../../src/kinds/index.ts';
import { StatusError } from '../../src/machinery/status.ts';

interface Seen {
  line: string;
  headers: Headers;
  body: unknown;
}

function setUp(answer: (request: Request, call: number) => Response, fieldManager?: string) {
  const seen: Seen[] = [];
  const client = createClient({
    transport: async (request) => {
      const text = await request.text();
      const { pathname, search } = new URL(request.url);
      seen.push({
        line: `${request.method} ${pathname}${search}`,
        headers: request.headers,
        body: text && JSON.parse(text),
      });
      return answer(request, seen.length);
    },
    baseURL: 'https://host/clusters/one',
    headers: { Authorization: 'Bearer token' },
    ...(fieldManager ? { fieldManager } : {}),
  });
  return { client, seen };
}

const page = (names: string[], metadata: object) =>
  Response.json({
    kind: 'ConfigMapList',
    apiVersion: 'v1',
    metadata,
    items: names.map((name) => ({ metadata: { name } })),
  });

const failure = (code: number, reason: string) =>
  Response.json({ kind: 'Status', status: 'Failure', message: `it is ${reason}`, reason, code }, { status: code });

test('paths follow group, namespace and subresource; every request carries the headers', async () => {
  const { client, seen } = setUp(() => Response.json({}), 'me');
  await client.get(pods, { namespace: 'ns', name: 'a/b' });
  await client.get(nodes, { namespace: 'ignored', name: 'n' });
  await client.update(deployments, { metadata: { namespace: 'ns', name: 'd' } } as never, { subresource: 'status' });
  await client.createSubresource(pods, { namespace: 'ns', name: 'p' }, 'binding', { target: {} });
  await client.patch(pods, { namespace: 'ns', name: 'p' }, { spec: {} }, { type: 'strategic', dryRun: true });
  await client.delete(pods, { namespace: 'ns', name: 'p' }, { propagationPolicy: 'Orphan', dryRun: true });
  expect(seen.map(({ line }) => line)).toEqual([
    'GET /clusters/one/api/v1/namespaces/ns/pods/a%2Fb',
    'GET /clusters/one/api/v1/nodes/n',
    'PUT /clusters/one/apis/apps/v1/namespaces/ns/deployments/d/status?fieldManager=me',
    'POST /clusters/one/api/v1/namespaces/ns/pods/p/binding?fieldManager=me',
    'PATCH /clusters/one/api/v1/namespaces/ns/pods/p?dryRun=All&fieldManager=me',
    'DELETE /clusters/one/api/v1/namespaces/ns/pods/p',
  ]);
  expect(seen.every(({ headers }) => headers.get('Authorization') === 'Bearer token')).toBe(true);
  expect(seen[2]?.body).toMatchObject({ apiVersion: 'apps/v1', kind: 'Deployment' });
  expect(seen[4]?.headers.get('Content-Type')).toBe('application/strategic-merge-patch+json');
  expect(seen[5]?.body).toEqual({
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    propagationPolicy: 'Orphan',
    dryRun: ['All'],
  });
});

test('a list is all of its pages, at the version of the first', async () => {
  const { client, seen } = setUp((_, call) =>
    call === 1
      ? page(['a', 'b'], { resourceVersion: '5', continue: 'x y', remainingItemCount: 1 })
      : page(['c'], { resourceVersion: '5' }),
  );
  const list = await client.list(configMaps, {
    namespace: 'ns',
    labelSelector: 'a in (b)',
    resourceVersion: '3',
    resourceVersionMatch: 'NotOlderThan',
  });
  expect(list.items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'c']);
  expect(list.metadata).toEqual({ resourceVersion: '5' });
  expect(seen.map(({ line }) => line.split('?')[1])).toEqual([
    'labelSelector=a%20in%20(b)&resourceVersion=3&resourceVersionMatch=NotOlderThan&limit=500',
    'labelSelector=a%20in%20(b)&limit=500&continue=x%20y',
  ]);
});

test('a list whose snapshot was compacted between pages starts over without pages', async () => {
  const { client, seen } = setUp((_, call) => {
    if (call === 1) return page(['a'], { resourceVersion: '5', continue: 'x' });
    return call === 2 ? failure(410, 'Expired') : page(['a', 'b'], { resourceVersion: '9' });
  });
  const list = await client.list(configMaps);
  expect([list.items.length, list.metadata.resourceVersion]).toEqual([2, '9']);
  expect(seen[2]?.line).toBe('GET /clusters/one/api/v1/configmaps');
});

test('an answer that is not 2xx is thrown as its Status; find takes 404 for absence', async () => {
  const { client } = setUp((request) =>
    request.url.endsWith('gone') ? failure(404, 'NotFound') : failure(409, 'Conflict'),
  );
  expect(await client.find(configMaps, { namespace: 'ns', name: 'gone' })).toBeUndefined();
  await expect(client.get(configMaps, { namespace: 'ns', name: 'gone' })).rejects.toMatchObject({
    code: 404,
    reason: 'NotFound',
  });
  const error = await client.find(configMaps, { namespace: 'ns', name: 'x' }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(StatusError);
  expect(error).toMatchObject({ code: 409, reason: 'Conflict', message: 'it is Conflict' });
});

test('an error page of a proxy becomes a StatusError of a readable length', async () => {
  const { client } = setUp(
    () => new Response(`<html>${'x'.repeat(5000)}`, { status: 503, headers: { 'Retry-After': '7' } }),
  );
  const error = (await client
    .get<ConfigMap>(configMaps, { name: 'x' })
    .catch((thrown: unknown) => thrown)) as StatusError;
  expect([error.code, error.reason, error.message.length, error.status.details?.retryAfterSeconds]).toEqual([
    503,
    'ServiceUnavailable',
    1024,
    7,
  ]);
});

test('apply sends the whole object with its manager', async () => {
  const { client, seen } = setUp(() => Response.json({}));
  await client.apply(
    configMaps,
    { metadata: { name: 'a', namespace: 'ns' }, data: {} },
    { fieldManager: 'tool', force: true },
  );
  expect(seen[0]?.line).toBe('PATCH /clusters/one/api/v1/namespaces/ns/configmaps/a?fieldManager=tool&force=true');
  expect(seen[0]?.headers.get('Content-Type')).toBe('application/apply-patch+yaml');
  expect(seen[0]?.body).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
});
