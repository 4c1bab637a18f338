import { beforeEach, describe, expect, it } from 'vitest';
import type { KubeList, KubeObject } from '../../src/machinery/meta.ts';
import { createTestCluster, type TestCluster } from '../support/cluster.ts';

const PATH = '/api/v1/namespaces/team/configmaps';
let cluster: TestCluster;
const list = (query: string, accept?: string) =>
  cluster.send<KubeList & { message: string; reason: string; code: number }>(
    `GET ${PATH}${query}`,
    accept ? { accept } : {},
  );
const names = (body: KubeList): string[] => body.items.map(({ metadata }) => metadata.name ?? '');

beforeEach(async () => {
  cluster = await createTestCluster();
  await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'team' } } });
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    await cluster.send(`POST ${PATH}`, { body: { metadata: { name, labels: { odd: String('ace'.includes(name)) } } } });
  }
});

describe('list', () => {
  it('answers items in name order without kind and apiVersion, also where an object holds the text of one', async () => {
    const inner = '{ "kind":"ConfigMap","apiVersion":"v1","metadata":{}}';
    await cluster.send(`POST ${PATH}`, { body: { metadata: { name: 'f' }, data: { inner } } });
    const { body } = await list('');
    expect(names(body)).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(body.items[0]).not.toHaveProperty('kind');
    expect(body.items[5]).toMatchObject({ data: { inner } });
  });

  it('calls a broken version and a token that leaves its collection the fault of the client', async () => {
    expect((await list('?resourceVersion=x')).body).toMatchObject({
      code: 400,
      message: expect.stringMatching(/^invalid resource version: resourceVersion: Invalid value: "x"/),
    });
    const token = (start: string) => btoa(JSON.stringify({ v: 'meta.k8s.io/v1', rv: -1, start })).replace(/=+$/, '');
    expect((await list(`?continue=${token('../x')}`)).body.message).toBe(
      'invalid continue token: continue key is not valid: ../x',
    );
    expect(names((await list(`?continue=${token('/c\u0000')}`)).body)).toEqual(['d', 'e']);
  });

  it.each([
    ['null', 'server does not recognize this encoded version '],
    ['[]', 'json: cannot unmarshal array into Go value of type storage.continueToken'],
    ['{"v":1}', 'json: cannot unmarshal number into Go struct field continueToken.v of type string'],
    ['{"rv":1.5}', 'json: cannot unmarshal number 1.5 into Go struct field continueToken.rv of type int64'],
    ['{"v":"meta.k8s.io/v1","start":"a"}', 'incorrect encoded start resourceVersion (version meta.k8s.io/v1)'],
  ])('says of the token %s why it is none', async (token, why) => {
    const { body } = await list(`?continue=${btoa(token).replace(/=+$/, '')}`);
    expect(body.message).toBe(`invalid continue token: continue key is not valid: ${why}`);
  });

  it('starts at what a token names, after it where a zero byte follows', async () => {
    const from = async (start: string) => {
      const token = btoa(JSON.stringify({ V: 'meta.k8s.io/v1', Rv: -1, start })).replace(/=+$/, '');
      return names((await list(`?continue=${token}`)).body);
    };
    expect(await from('c')).toEqual(['c', 'd', 'e']);
    expect(await from('c\u0000')).toEqual(['d', 'e']);
  });

  it('reads one object by name as it is now, whatever version and limit say', async () => {
    const { body } = await list('?resourceVersion=1&limit=1&fieldSelector=metadata.name%3Dc');
    expect(names(body)).toEqual(['c']);
  });

  it('leaves out pairs of the query that Go does not read', async () => {
    expect(names((await list('?limit=1;continue=x&limit=%zz&x=1')).body)).toHaveLength(5);
  });

  it('takes no list of metadata for an empty one', async () => {
    const accept = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
    expect((await list('?labelSelector=none', accept)).body.items).toBeNull();
  });

  it.each([
    ['/api/v1/nodes?fieldSelector=metadata.namespace%3Dx', 400],
    ['/api/v1/namespaces?fieldSelector=metadata.namespace%3Dx', 400],
    ['/api/v1/componentstatuses?fieldSelector=x%3Dy', 400],
    ['/api/v1/componentstatuses?fieldSelector=metadata.name%3Dnone', 200],
    [`${PATH}?fieldSelector=%3D`, 200],
    [`${PATH}/%25`, 400],
  ])('answers %s with %i', async (path, code) => {
    expect((await cluster.send(`GET ${path}`)).status).toBe(code);
  });

  it('pages through the snapshot of its first page', async () => {
    const first = await list('?limit=2');
    expect(names(first.body)).toEqual(['a', 'b']);
    expect(first.body.metadata.remainingItemCount).toBe(3);
    await cluster.send(`DELETE ${PATH}/d`);
    await cluster.send(`POST ${PATH}`, { body: { metadata: { name: 'cc' } } });
    const rest = await list(`?continue=${first.body.metadata.continue}`);
    expect(names(rest.body)).toEqual(['c', 'd', 'e']);
    expect(rest.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
    expect(rest.body.metadata.continue).toBeUndefined();
  });

  it('does not count what remains under a selector', async () => {
    const { body } = await list('?limit=1&labelSelector=odd%3Dtrue');
    expect(names(body)).toEqual(['a']);
    expect(body.metadata.continue).toBeTruthy();
    expect(body.metadata.remainingItemCount).toBeUndefined();
  });

  it('shows the past at Exact a version and refuses the future', async () => {
    const before = (await list('')).body.metadata.resourceVersion;
    await cluster.send(`DELETE ${PATH}/a`);
    expect(names((await list(`?resourceVersion=${before}&resourceVersionMatch=Exact`)).body)).toContain('a');
    expect(names((await list(`?resourceVersion=${before}&resourceVersionMatch=NotOlderThan`)).body)).not.toContain('a');
    const future = await list('?resourceVersion=999999&resourceVersionMatch=NotOlderThan');
    expect(future.body).toMatchObject({ code: 504, reason: 'Timeout', details: { retryAfterSeconds: 1 } });
    expect(future.headers.get('retry-after')).toBe('1');
  });

  it.each([
    ['?resourceVersionMatch=Exact', 422, 'resourceVersionMatch is forbidden unless resourceVersion is provided'],
    [
      '?resourceVersion=0&resourceVersionMatch=Exact',
      422,
      'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
    ],
    [
      '?resourceVersion=5&resourceVersionMatch=Often',
      422,
      'Unsupported value: "Often": supported values: "Exact", "NotOlderThan", ""',
    ],
    ['?sendInitialEvents=true', 422, 'sendInitialEvents is forbidden for list'],
    ['?continue=nonsense', 400, 'continue key is not valid'],
    ['?limit=', 400, 'strconv.ParseInt: parsing "": invalid syntax'],
    ['?limit=9223372036854775808', 400, 'strconv.ParseInt: parsing "9223372036854775808": value out of range'],
    ['?resourceVersion=18446744073709551616', 400, 'value out of range'],
    ['?resourceVersion=18446744073709551615', 504, 'Too large resource version: 18446744073709551615, current: '],
    ['?labelSelector=%3D', 400, "found '=', expected: !, identifier, or 'end of string'"],
    [
      '?fieldSelector=nope%3Dx',
      400,
      '"nope" is not a known field selector: only "metadata.name", "metadata.namespace"',
    ],
  ])('refuses %s with %i', async (query, code, message) => {
    const { body } = await list(query);
    expect(body.code).toBe(code);
    expect(body.message).toContain(message);
  });

  it('lets a full page of a selection go on while unselected objects follow', async () => {
    await cluster.send(`PATCH ${PATH}/b`, { body: { metadata: { labels: { mine: 'yes' } } } });
    const first = await list('?labelSelector=mine&limit=1');
    expect(names(first.body)).toEqual(['b']);
    const last = await list(`?labelSelector=mine&limit=1&continue=${first.body.metadata.continue}`);
    expect(names(last.body)).toEqual([]);
    expect(last.body.metadata.continue).toBeUndefined();
    expect((await list('?fieldSelector=metadata.name%3Db&limit=1')).body.metadata.continue).toBeUndefined();
  });

  it('selects events by either API’s fields, whichever they were made by', async () => {
    const core = '/api/v1/namespaces/team/events';
    const newer = '/apis/events.k8s.io/v1/namespaces/team/events';
    const about = { kind: 'ConfigMap', namespace: 'team', name: 'a', apiVersion: 'v1' };
    const common = { type: 'Normal', reason: 'Tried', action: 'Trying', reportingInstance: 'x-1' };
    await cluster.send(`POST ${core}`, {
      body: { metadata: { name: 'one' }, involvedObject: about, reportingComponent: 'x', ...common },
    });
    const eventTime = '2026-01-02T03:04:05.000000Z';
    const made = await cluster.send(`POST ${newer}`, {
      body: { metadata: { name: 'two' }, regarding: about, reportingController: 'x', eventTime, ...common },
    });
    expect(made.status).toBe(201);
    for (const query of [
      `${core}?fieldSelector=involvedObject.name%3Da`,
      `${newer}?fieldSelector=regarding.name%3Da`,
    ]) {
      const { body } = await cluster.send<KubeList>(`GET ${query}`);
      expect(names(body)).toEqual(['one', 'two']);
    }
  });

  it('streams a list that has several pages as one document', async () => {
    const data = { a: 'x'.repeat(900_000) };
    for (const name of ['u', 'v', 'w', 'x', 'y', 'z'])
      await cluster.send(`POST ${PATH}`, { body: { metadata: { name }, data } });
    const { body } = await list('');
    expect(names(body)).toEqual(['a', 'b', 'c', 'd', 'e', 'u', 'v', 'w', 'x', 'y', 'z']);
  });

  it('gives as many objects as the limit says, however large, up to some megabytes', async () => {
    const large = { body: 'x'.repeat(200_000) };
    for (let i = 10; i < 40; i++)
      await cluster.send(`POST ${PATH}`, { body: { metadata: { name: `l${i}` }, data: large } });
    const ten = await list('?limit=15');
    expect(names(ten.body)).toEqual(['a', 'b', 'c', 'd', 'e', ...Array.from({ length: 10 }, (_, i) => `l${i + 10}`)]);
    expect(ten.body.metadata).toMatchObject({ remainingItemCount: 20 });
    const rest = await list(`?limit=20&continue=${ten.body.metadata.continue}`);
    expect(names(rest.body)).toEqual(Array.from({ length: 20 }, (_, i) => `l${i + 20}`));
    expect(rest.body.metadata).not.toHaveProperty('continue');
    const first = await list('?limit=34');
    expect(first.body.items.length).toBeLessThan(34);
    const left = 35 - first.body.items.length;
    expect(first.body.metadata).toMatchObject({ remainingItemCount: left });
    const last = await list(`?limit=34&continue=${first.body.metadata.continue}`);
    expect(new Set([...names(first.body), ...names(last.body)]).size).toBe(35);
    expect(names((await list('')).body)).toHaveLength(35);
  });

  it('gzips a large answer for a client that takes it', async () => {
    await cluster.send(`POST ${PATH}`, { body: { metadata: { name: 'big' }, data: { a: 'x'.repeat(200_000) } } });
    const response = await cluster.fetch(`GET ${PATH}`, { headers: { 'Accept-Encoding': 'gzip' } });
    expect(response.headers.get('content-encoding')).toBe('gzip');
    const plain = new Response(response.body!.pipeThrough(new DecompressionStream('gzip')));
    expect(names((await plain.json()) as KubeList)).toContain('big');
  });

  it('answers a Table and metadata only', async () => {
    const table = await cluster.send<{ kind: string; rows: { cells: unknown[]; object: KubeObject }[] }>(
      `GET ${PATH}?limit=1`,
      {
        accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
      },
    );
    expect(table.body.kind).toBe('Table');
    expect(table.body.rows[0]).toMatchObject({ cells: ['a', 0, '0s'], object: { kind: 'PartialObjectMetadata' } });
    const partial = await list('', 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io');
    expect(partial.body.kind).toBe('PartialObjectMetadataList');
    expect(partial.body.items[0]).not.toHaveProperty('data');
  });
});
