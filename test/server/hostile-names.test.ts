/**
 * Names that every JavaScript object has (`constructor`), or that change what it inherits (`__proto__`), are names like
 * any other: as keys of maps, in patches, as owned fields, and where a table of known words is asked.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { createTestCluster, type TestCluster } from '../support/cluster.ts';

const SEED = Number(process.env.KEDGE_FUZZ_SEED ?? 11);
const NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'prototype',
  'length',
  'toJSON',
  'a',
];
const MAPS = '/api/v1/namespaces/default/configmaps';

interface ConfigMap {
  metadata: { managedFields?: { manager: string; fieldsV1: Record<string, Record<string, object>> }[] };
  data?: Record<string, string>;
}

/** JSON text, in which `__proto__` is a member like the others. */
const textOf = (members: Iterable<readonly [string, unknown]>): string =>
  `{${[...members].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;

const sortedEntries = (members: Iterable<readonly [string, unknown]>): unknown[] =>
  [...members].sort(([a], [b]) => (a < b ? -1 : 1));

const name = fc.constantFrom(...NAMES);
const maps = fc.uniqueArray(fc.tuple(name, fc.constantFrom('1', '2')), { selector: ([key]) => key });
const changes = fc.uniqueArray(fc.tuple(name, fc.constantFrom('1', '2', null)), { selector: ([key]) => key });

describe('names that objects inherit', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await createTestCluster({ bootstrap: true });
    await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'default' } } });
  });

  async function expectMap(request: string, input: { body: string; type?: string }, model: Map<string, string>) {
    const { status, text } = await cluster.send(request, input);
    expect(status, text).toBeLessThan(300);
    const map = JSON.parse(text) as ConfigMap;
    expect(sortedEntries(Object.entries(map.data ?? {}))).toEqual(sortedEntries(model));
    const owned = new Set(
      (map.metadata.managedFields ?? []).flatMap((one) => Object.keys(one.fieldsV1['f:data'] ?? {})),
    );
    owned.delete('.');
    expect([...owned].sort()).toEqual([...model.keys()].map((key) => `f:${key}`).sort());
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  }

  it('are set, changed and removed by every kind of patch as a map would', async () => {
    const types = fc.constantFrom('merge', 'strategic', 'json');
    let count = 0;
    const run = fc.asyncProperty(maps, fc.array(fc.tuple(types, changes), { maxLength: 4 }), async (start, steps) => {
      const path = `${MAPS}/m${count++}`;
      // What nobody owned at first has no owners later.
      fc.pre(start.length > 0);
      const model = new Map(start);
      const head = `"metadata":{"name":"${path.slice(MAPS.length + 1)}"}`;
      await expectMap(`POST ${MAPS}`, { body: `{${head},"data":${textOf(model)}}` }, model);
      for (const [type, members] of steps) {
        const operations = members.flatMap(([key, value]): { op: string; path: string; value?: string }[] => {
          if (value === null) return model.has(key) ? [{ op: 'remove', path: `/data/${key}` }] : [];
          return [{ op: model.has(key) ? 'replace' : 'add', path: `/data/${key}`, value }];
        });
        // A path leads to nothing where the map itself is gone.
        if (type === 'json' && model.size === 0) operations.unshift({ op: 'add', path: '/data', value: '{}' });
        const body = type === 'json' ? JSON.stringify(operations).replace('"{}"', '{}') : `{"data":${textOf(members)}}`;
        for (const [key, value] of members) {
          if (value === null) model.delete(key);
          else model.set(key, value);
        }
        await expectMap(`PATCH ${path}`, { body, type }, model);
      }
    });
    await fc.assert(run, { numRuns: 60, seed: SEED });
  }, 60_000);

  it('are applied, and given up by whoever applies no more of them', async () => {
    let count = 0;
    const run = fc.asyncProperty(fc.array(maps, { minLength: 1, maxLength: 4 }), async (steps) => {
      const named = `ap${count++}`;
      for (const step of steps) {
        const body = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${named}"},"data":${textOf(step)}}`;
        const request = `PATCH ${MAPS}/${named}?fieldManager=one`;
        await expectMap(request, { body, type: 'apply' }, new Map(step));
      }
    });
    await fc.assert(run, { numRuns: 60, seed: SEED });
  }, 60_000);

  it('conflict like others', async () => {
    const apply = (manager: string, value: string) =>
      cluster.send(`PATCH ${MAPS}/shared?fieldManager=${manager}`, {
        body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"shared"},"data":{"__proto__":"${value}","constructor":"${value}"}}`,
        type: 'apply',
      });
    expect((await apply('one', 'x')).status).toBe(201);
    const { status, text } = await apply('two', 'y');
    expect(status).toBe(409);
    expect(text).toContain('.data.__proto__');
    expect(text).toContain('.data.constructor');
  });

  const pod = (spec: object): string =>
    JSON.stringify({ metadata: { name: 'p' }, spec: { ...spec, containers: [{ name: 'c', image: 'i' }] } });
  it.each([
    ['POST /api/v1/namespaces/default/secrets?dryRun=All', { metadata: { name: 's' }, type: 'constructor' }, 201],
    [
      'POST /apis/scheduling.k8s.io/v1/priorityclasses?dryRun=All',
      { metadata: { name: 'constructor' }, value: 5 },
      201,
    ],
    [
      'POST /apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings?dryRun=All',
      {
        metadata: { name: 'r' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'x' },
        subjects: [{ kind: 'constructor', name: 'x' }],
      },
      422,
      'subjects[0].kind: Unsupported value: "constructor": supported values: "ServiceAccount", "User", "Group"',
    ],
    [
      `POST ${MAPS}?dryRun=All`,
      { apiVersion: 'constructor/v1', kind: 'ConfigMap', metadata: { name: 'x' } },
      400,
      'no kind "ConfigMap" is registered for version "constructor/v1"',
    ],
    ['GET /api/v1/constructor?watch=1', undefined, 404],
    ['GET /debug/api_priority_and_fairness/constructor', undefined, 404],
  ])('are no known words: %s', async (request, body, status, message = '') => {
    const answer = await cluster.send(request, body === undefined ? {} : { body });
    expect(answer.status, answer.text).toBe(status);
    expect(answer.text.replaceAll('\\"', '"')).toContain(message);
  });

  it('are no types that Pod Security allows', async () => {
    await cluster.send('POST /api/v1/namespaces', {
      body: { metadata: { name: 'strict', labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } } },
    });
    await cluster.send('POST /api/v1/namespaces/strict/serviceaccounts', { body: { metadata: { name: 'default' } } });
    const create = (type: string) =>
      cluster.send('POST /api/v1/namespaces/strict/pods?dryRun=All', {
        body: pod({ securityContext: { seLinuxOptions: { type } } }),
      });
    expect((await create('container_t')).status).toBe(201);
    for (const type of ['constructor', 'toString', '__proto__']) expect((await create(type)).status, type).toBe(403);
  });
});
