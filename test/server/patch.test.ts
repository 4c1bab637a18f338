import { beforeEach, describe, expect, it } from 'vitest';
import { createTestCluster, type TestCluster } from '../support/cluster.ts';

const PATH = '/api/v1/namespaces/team/configmaps';
let cluster: TestCluster;

beforeEach(async () => {
  cluster = await createTestCluster();
  await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'team' } } });
  const metadata = { name: 'c', labels: { l: '1' } };
  await cluster.send(`POST ${PATH}`, { body: { metadata, data: { html: '<b>', a: '1' } } });
});

type PatchType = 'json' | 'merge' | 'strategic';
const patch = (type: PatchType, body: string, query = '') => cluster.send(`PATCH ${PATH}/c${query}`, { body, type });

describe('patch', () => {
  it.each<[PatchType, string, string, number, string]>([
    [
      'json',
      '{}',
      '',
      400,
      'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    ],
    ['json', '{}', 'Ignore', 400, 'json: cannot unmarshal object into Go value of type jsonpatch.Patch'],
    [
      'json',
      '[5]',
      '',
      400,
      'error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp',
    ],
    [
      'json',
      '[{"path":5,"op":6}]',
      '',
      400,
      'error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.path of type string',
    ],
    ['json', 'x', '', 400, "error decoding patch: invalid character 'x' looking for beginning of value"],
    ['json', 'x', 'Ignore', 400, "invalid character 'x' looking for beginning of value"],
    ['json', '\ufeff[]', '', 400, "error decoding patch: invalid character 'ï' looking for beginning of value"],
    ['merge', 'x', 'Ignore', 400, 'Invalid JSON Patch'],
    [
      'merge',
      '5',
      '',
      400,
      'error decoding patch: json: cannot unmarshal number into Go value of type map[string]interface {}',
    ],
    ['merge', '5', 'Ignore', 400, 'Invalid JSON Patch'],
    ['strategic', 'x', '', 400, "invalid character 'x' looking for beginning of value"],
    [
      'json',
      '[{"op":"replace","path":"/apiVersion","value":"a/b/c"}]',
      '',
      422,
      'unexpected GroupVersion string: a/b/c',
    ],
    [
      'json',
      '[{"op":"remove","path":"/apiVersion"}]',
      'Strict',
      422,
      'strict decoding error: unknown field "data", unknown field "metadata"',
    ],
    [
      'json',
      '[{"op":"remove","path":"/apiVersion"}]',
      '',
      400,
      'the name of the object (c based on URL) was undeterminable: name must be provided',
    ],
  ])('%s %s with field validation %s is %i: %s', async (type, body, validation, code, message) => {
    const answer = await patch(type, body, validation === '' ? '' : `?fieldValidation=${validation}`);
    expect(answer.body).toMatchObject({ code, message: expect.stringContaining(message) });
    if (code === 400) expect((answer.body as { message?: string }).message).toBe(message);
  });

  it('does not fill in an object that lost its version', async () => {
    const path = '/apis/apps/v1/namespaces/team/daemonsets';
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const spec = { selector: { matchLabels: { a: 'b' } }, template };
    await cluster.send(`POST ${path}`, { body: { metadata: { name: 'd' }, spec } });
    const body = '[{"op":"remove","path":"/apiVersion"}]';
    expect((await cluster.send(`PATCH ${path}/d`, { body, type: 'json' })).status).toBe(400);
  });

  it('shows the document as upstream would have written it, and of several faults the first in it', async () => {
    const { body } = await patch('merge', '{"metadata":{"labels":{"k":2}},"data":{"b":1}}');
    const { message } = body as { message?: string };
    expect(message).toContain(
      String.raw`{\"apiVersion\":\"v1\",\"data\":{\"a\":\"1\",\"b\":1,\"html\":\"\\u003cb\\u003e\"},\"kind\"`,
    );
    expect(message).toMatch(/ConfigMap\.data of type string$/);
  });

  it('shows strategic merge patches without the directives that were carried out', async () => {
    const { body } = await patch('strategic', '{"metadata":{"labels":{"k":2},"$retainKeys":["labels","name"]}}');
    expect(body).toMatchObject({
      message:
        ' "" is invalid: patch: Invalid value: "map[metadata:map[labels:map[k:2]]]": cannot convert int64 to string',
    });
  });

  it('sorts the unknown fields of strategic merge patches only', async () => {
    const text = '{"z":1,"metadata":{"y":1},"b":1}';
    const fields = ['z', 'metadata.y', 'b'].map((name) => `299 - "unknown field \\"${name}\\""`);
    const [z, y, b] = fields;
    expect((await patch('strategic', text)).headers.get('warning')).toBe([b, y, z].join(', '));
    expect((await patch('merge', '{"z":1,"b":1}')).headers.get('warning')).toBe([b, z].join(', '));
    expect((await patch('json', '[{"op":"test","path":"/data/a","value":"1","x":1}]')).headers.get('warning')).toBe(
      '299 - "json patch unknown field \\"[0].x\\""',
    );
  });

  it.each([
    ['"/data/html","value":"<b>"', 422],
    ['"/data/html","value":"\\u003cb\\u003e"', 200],
    ['"/data/a","value":"\\u0031"', 422],
    ['"/data","value":{"html":"\\u003cb\\u003e","a":"1"}', 200],
    ['"/data/none","value":null', 200],
  ])('tests texts as they are written: %s is %i', async (test, status) => {
    expect((await patch('json', `[{"op":"test","path":${test}}]`)).status).toBe(status);
  });

  it('takes an object without a kind for one of its path', async () => {
    expect((await patch('json', '[{"op":"remove","path":"/kind"}]')).status).toBe(200);
  });

  it('takes lists of types no farther than its router', async () => {
    const send = (type: string) => cluster.send(`PATCH ${PATH}/c`, { body: '{}', type });
    expect((await send('application/merge-patch+json; charset=utf-8')).status).toBe(200);
    expect((await send('Application/Merge-Patch+Json')).body).toMatchObject({ message: '415: Unsupported Media Type' });
    expect((await send('application/merge-patch+json, text/plain')).body).toMatchObject({
      code: 415,
      message: expect.stringContaining('accepted media types include: application/json-patch+json,'),
    });
  });

  it('tells of equal owners when admission is over', async () => {
    const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' };
    const { headers } = await patch('merge', JSON.stringify({ metadata: { ownerReferences: [owner, owner] } }));
    expect(headers.get('warning')).toContain('contains duplicate entries after mutating admission happens;');
  });
});

describe('patch of a status', () => {
  it('leaves metadata alone where the kind does, and lets nobody own it', async () => {
    const path = '/apis/storage.k8s.io/v1/volumeattachments';
    const spec = { attacher: 'a.example.com', nodeName: 'n', source: { persistentVolumeName: 'v' } };
    await cluster.send(`POST ${path}`, { body: { metadata: { name: 'a', labels: { l: '1' } }, spec } });
    const body = { metadata: { labels: { l: '2' }, finalizers: ['e.com/f'] }, status: { attached: true } };
    const patched = await cluster.send(`PATCH ${path}/a/status`, { body: JSON.stringify(body), type: 'merge' });
    expect(patched.body.metadata).toMatchObject({ labels: { l: '1' } });
    expect(patched.body.metadata.finalizers).toBeUndefined();
    const owned = patched.body.metadata.managedFields?.find(({ subresource }) => subresource === 'status');
    expect(Object.keys(owned?.fieldsV1 ?? {})).toEqual(['f:status']);
  });

  it('refuses a deletion time, but for pods, where it is left out', async () => {
    const body = JSON.stringify({ metadata: { deletionTimestamp: '2030-01-01T00:00:00Z' } });
    await cluster.send('POST /api/v1/namespaces/team/serviceaccounts', { body: { metadata: { name: 'default' } } });
    const pods = '/api/v1/namespaces/team/pods';
    await cluster.send(`POST ${pods}`, {
      body: { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    });
    expect((await cluster.send(`PATCH ${pods}/p/status`, { body, type: 'merge' })).status).toBe(200);
    const services = '/api/v1/namespaces/team/services';
    await cluster.send(`POST ${services}`, { body: { metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } } });
    expect((await cluster.send(`PATCH ${services}/s/status`, { body, type: 'merge' })).body).toMatchObject({
      code: 422,
      details: { causes: [{ field: 'metadata.deletionTimestamp' }, { field: 'metadata.deletionTimestamp' }] },
    });
  });
});
