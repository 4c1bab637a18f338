import { beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { KubeObject } from '../../src/machinery/meta.ts';
import { parseAccept } from '../../src/server/negotiation/accept-header.ts';
import { writeYaml } from '../../src/server/negotiation/yaml-writer.ts';
import { createTestCluster, type TestCluster } from '../support/cluster.ts';

const PATH = '/api/v1/namespaces/team/configmaps';
let cluster: TestCluster;
const get = (accept: string) => cluster.send(`GET ${PATH}/c`, { accept });

beforeEach(async () => {
  cluster = await createTestCluster();
  await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'team' } } });
  await cluster.send(`POST ${PATH}`, { body: { metadata: { name: 'c' }, data: { a: '1' } } });
});

describe('the Accept header', () => {
  it.each([
    ['application/json;as=Nonsense;v=v1;g=meta.k8s.io,application/json', 200, 'application/json'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 200, 'application/json'],
    ['application/json;q=0.5,application/yaml;q=0.9', 200, 'application/yaml'],
    ['application/vnd.kubernetes.protobuf,application/json', 200, 'application/vnd.kubernetes.protobuf'],
    ['application/*', 406, 'application/json'],
    ['text/plain', 406, 'application/json'],
    ['APPLICATION/JSON', 406, 'application/json'],
    ['application/json;as=Table;v=v9;g=meta.k8s.io', 406, 'application/json'],
  ])('%s is answered %i as %s', async (accept, status, type) => {
    const reply = await get(accept);
    expect([reply.status, reply.headers.get('content-type')]).toEqual([status, type]);
  });

  it.each([
    ['application/yaml;q=0.5, application/json;q=0.9', 'application/json application/yaml'],
    ['application/*, application/yaml;q=0.1', 'application/yaml application/*'],
    ['*, text/html;q=0.3', 'text/html */*'],
    ['text, a/b/c, application/json;q=high', 'application/json'],
    [' application / json ; q = 0.5 ', 'application/json'],
  ])('%s is read as %s', (header, order) => {
    expect(parseAccept(header).map(({ type, subtype }) => `${type}/${subtype}`)).toEqual(order.split(' '));
  });

  it.each([
    ['/apis', 'application/*', 200],
    ['/apis', '*', 200],
    ['/api', 'application/*', 406],
    ['/apis/apps', 'application/*', 200],
    ['/apis/apps/v1', 'application/*', 406],
    ['/api/v1', 'application/json;as=Table;v=v1;g=meta.k8s.io', 406],
    ['/openapi/v2', 'application/*', 200],
    ['/.well-known/openid-configuration', 'application/yaml', 406],
  ])('of %s may be %s: %i', async (path, accept, status) => {
    expect((await cluster.send(`GET ${path}`, { accept })).status).toBe(status);
  });

  it.each(['json', 'yaml', 'vnd.kubernetes.protobuf'])('gets the aggregated discovery as %s', async (subtype) => {
    const type = `application/${subtype};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList`;
    const reply = await cluster.send('GET /apis', { accept: `application/json;q=0.9, ${type}` });
    expect([reply.status, reply.headers.get('content-type')]).toEqual([200, type]);
  });

  it('tells of a failure in plain JSON where it can be told in nothing that is asked for', async () => {
    const reply = await cluster.send(`GET ${PATH}/none`, { accept: 'application/yaml;as=Table;v=v1;g=meta.k8s.io' });
    expect([reply.status, reply.headers.get('content-type')]).toEqual([404, 'application/json']);
  });

  it('has to take JSON for the version, which has no other form', async () => {
    expect((await cluster.send('GET /version', { accept: 'application/yaml' })).status).toBe(406);
    expect((await cluster.send('GET /version', { accept: 'text/html,*/*' })).status).toBe(200);
  });

  it('indents JSON only when asked', async () => {
    expect((await cluster.send(`GET ${PATH}/c`)).text).not.toContain('\n  ');
    expect((await cluster.send(`GET ${PATH}/c?pretty=true`)).text).toContain('\n  "kind": "ConfigMap"');
  });

  it('writes errors in the media type of the answer', async () => {
    const reply = await cluster.send(`GET ${PATH}/none`, { accept: 'application/yaml' });
    expect(parse(reply.text)).toMatchObject({ kind: 'Status', code: 404 });
  });
});

describe('Tables and metadata', () => {
  const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const META = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'x', image: 'x' }] } };

  it.each([
    ['/apis/rbac.authorization.k8s.io/v1/namespaces/team/roles', null],
    ['/api/v1/namespaces/team/limitranges', null],
    ['/api/v1/namespaces/team/secrets', []],
  ])('of nothing at %s have as rows %j', async (path, rows) => {
    const { body } = await cluster.send<{ rows: unknown }>(`GET ${path}`, { accept: TABLE });
    expect(body.rows).toEqual(rows);
  });

  it('show the metadata of the internal type, without the annotations that stand for its fields', async () => {
    const path = '/apis/apps/v1/namespaces/team/daemonsets';
    const spec = { selector: { matchLabels: { a: 'b' } }, template };
    await cluster.send(`POST ${path}`, { body: { metadata: { name: 'd' }, spec } });
    const whole = await cluster.send<KubeObject>(`GET ${path}/d`);
    expect(whole.body.metadata.annotations).toEqual({ 'deprecated.daemonset.template.generation': '1' });
    const partial = await cluster.send<KubeObject>(`GET ${path}/d`, { accept: META });
    expect(partial.body.metadata.annotations).toBeUndefined();
    expect(partial.body.metadata.name).toBe('d');
  });

  it.each([
    [
      '/api/v1/nodes',
      { metadata: { name: 'n' }, status: { nodeInfo: { kernelVersion: '6.1', architecture: 'arm64' } } },
      '6.1 (arm64)',
    ],
    [
      '/api/v1/namespaces/team/endpoints',
      { metadata: { name: 'n' }, subsets: [{ notReadyAddresses: [{ ip: '10.0.0.1' }], ports: [{ port: 1 }] }] },
      '',
    ],
    [
      '/apis/discovery.k8s.io/v1/namespaces/team/endpointslices',
      { metadata: { name: 'n' }, addressType: 'IPv4', endpoints: [], ports: [{ name: 'web' }, {}] },
      'web,',
    ],
  ])('of %s have the cell of %j', async (path, object, cell) => {
    await cluster.send(`POST ${path}`, { body: object });
    const { body } = await cluster.send<{ rows: { cells: unknown[] }[] }>(`GET ${path}/n`, { accept: TABLE });
    expect(body.rows[0]!.cells).toContain(cell);
  });

  it('says of a body in protobuf that is none what it has to be and how it starts', async () => {
    const reply = await cluster.send<{ message: string }>(`POST ${PATH}`, {
      body: '{"apiVersion":"v1"}',
      type: 'application/vnd.kubernetes.protobuf',
    });
    expect(reply.body.message).toMatch(
      /^the object provided is unrecognized \(must be of type ConfigMap\): .* \(\{"apiVersion":"v1"\}\)$/,
    );
  });
});

describe('YAML', () => {
  it.each([
    ['1', '"1"'],
    ['true', '"true"'],
    ['null', '"null"'],
    ['1e3', '"1e3"'],
    ['', '""'],
    [' lead', "' lead'"],
    ['a: b', "'a: b'"],
    ['#x', "'#x'"],
    ['plain text', 'plain text'],
    ['2026-01-01T00:00:00Z', '"2026-01-01T00:00:00Z"'],
    ['-x', '-x'],
    ['a\tb', '"a\\tb"'],
    ['\u0001 \u{1f600} \ufeff', '"\\x01 \\U0001F600 \\uFEFF"'],
    ['\u00a0', '\u00a0'],
    ['<<', '<<'],
    ['\n', '|2+\n'],
    ['a \nb', '"a \\nb"'],
    ['a\n\n', '|+\n  a\n'],
  ])('writes %j as %s', (text, yaml) => {
    expect(writeYaml({ a: text })).toBe(`a: ${yaml}\n`);
  });

  it('has keys in the order of their numbers, letters last, long ones on lines of their own', () => {
    const long = 'x'.repeat(129);
    const keys = ['k10', 'k2', 'k02', 'kA', 'k_', 'k', '_', 'A', '2', '10', long];
    const text = writeYaml(Object.fromEntries(keys.map((key) => [key, 1])));
    const order = text.split('\n').map((line) => line.replace(/: 1$/, ''));
    expect(order).toEqual(['_', '"2"', '"10"', 'A', 'k', 'k_', 'k2', 'k02', 'k10', 'kA', `? ${long}`, '', '']);
    expect(parse(text)).toMatchObject({ [long]: 1 });
  });

  it('has no place for some characters, which is told as the failure that it is upstream', () => {
    expect(() => writeYaml({ a: '\u007f' })).toThrow('yaml: control characters are not allowed');
  });

  it('comes back as it was, whatever a text holds', () => {
    const value = {
      empty: {},
      none: [],
      list: [{ a: 1, b: [true, null] }, 'x', ['y']],
      texts: [
        'multi\nline\n',
        'no newline at\nthe end',
        '\n\nlead',
        'two\n\n',
        "it's",
        '"q"',
        '\t',
        'word '.repeat(40),
        '- x',
        '@',
        '%a',
        '!t',
        'a #b',
        'a:',
        '\u0007',
      ],
    };
    expect(parse(writeYaml(value))).toEqual(value);
  });
});
