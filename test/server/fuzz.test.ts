/** Whatever a client sends, the answer is a Status of its own making: no fault of the server, no hang, nothing leaks. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { allKinds } from '../../src/kinds/index.ts';
import { encodeObject } from '../../src/machinery/codec/protobuf/index.ts';
import type { Kind } from '../../src/machinery/kind.ts';
import type { Logger } from '../../src/server/contract.ts';
import { createTestCluster, type RequestInput, silentLog, type TestCluster } from '../support/cluster.ts';
import { objectsOf } from '../support/schema-values.ts';

const NS = 'default';
/** KEDGE_FUZZ_SEED tries others. */
const SEED = Number(process.env.KEDGE_FUZZ_SEED ?? 41);
const HOSTILE: readonly unknown[] = [
  null,
  true,
  -1,
  1e300,
  0.1,
  '',
  '\u0000',
  'é'.repeat(300),
  '../..',
  [],
  [null],
  [[]],
  {},
  { '': '' },
  JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
];
const PATCH_TYPES = ['json', 'merge', 'strategic', 'apply'];

const pathOf = (kind: Kind, name = ''): string =>
  `${kind.group === '' ? '/api/v1' : `/apis/${kind.group}/${kind.version}`}${kind.namespaced ? `/namespaces/${NS}` : ''}/${kind.resource}${name === '' ? '' : `/${name}`}`;

const stored = allKinds.filter((kind) => kind.stored && kind.verbs.includes('create'));

/** `value` with one of its parts replaced, the part being picked by `steps`. */
function damaged(value: unknown, steps: readonly number[], by: unknown): unknown {
  const [step, ...rest] = steps;
  if (step === undefined || typeof value !== 'object' || value === null) return by;
  const keys = Object.keys(value);
  if (keys.length === 0) return by;
  const key = keys[step % keys.length] as string;
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
  copy[key] = damaged(copy[key], rest, by);
  return copy;
}

/** Keeps what the server takes for a fault of its own. */
const faultLog = (faults: string[]): Logger => ({
  ...silentLog,
  error: (message, fields) => void faults.push(`${message}: ${String(fields?.stack ?? fields?.error).slice(0, 400)}`),
});

/** The check's own message is enough: whole kinds as counterexamples fill screens. */
const reporter = <T>(details: fc.RunDetails<T>): void => {
  if (details.failed) throw details.errorInstance;
};

const steps = fc.array(fc.nat(20), { minLength: 1, maxLength: 6 });
const hostile = fc.constantFrom(...HOSTILE);

/** A kind with an object of it, whole or damaged. */
const bodies = fc.constantFrom(...stored).chain((kind) =>
  fc
    .tuple(objectsOf(kind.schema, 4), steps, fc.option(hostile, { nil: undefined, freq: 2 }))
    .map(([object, where, by]) => {
      const named = {
        ...object,
        apiVersion: kind.group === '' ? 'v1' : `${kind.group}/${kind.version}`,
        kind: kind.kind,
        metadata: { name: 'x' },
      };
      return { kind, body: by === undefined ? named : damaged(named, where, by) };
    }),
);

describe('hostile requests', () => {
  let cluster: TestCluster;
  const faults: string[] = [];
  beforeAll(async () => {
    cluster = await createTestCluster({ bootstrap: true, log: faultLog(faults) });
  });

  async function expectAnswer(request: string, input: RequestInput): Promise<number> {
    const { status, text } = await cluster.send(request, input);
    expect(faults.splice(0), `${request} ${show(input)}`).toEqual([]);
    if (status >= 400)
      expect(JSON.parse(text), request).toMatchObject({ kind: 'Status', status: 'Failure', code: status });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    return status;
  }

  const show = ({ body, type }: RequestInput): string => `${type ?? ''} ${JSON.stringify(body)}`.slice(0, 2_000);

  it('to create and to update get an answer', async () => {
    await fc.assert(
      fc.asyncProperty(bodies, async ({ kind, body }) => {
        await expectAnswer(`POST ${pathOf(kind)}?dryRun=All`, { body });
        await expectAnswer(`PUT ${pathOf(kind, 'x')}`, { body });
        await expectAnswer(`PATCH ${pathOf(kind, 'x')}?fieldManager=fuzz&force=true&dryRun=All`, {
          body,
          type: 'apply',
        });
      }),
      { numRuns: 600, seed: SEED, reporter },
    );
  }, 120_000);

  it('to patch what is there get an answer', async () => {
    const targets: Kind[] = [];
    for (const kind of [
      'pods',
      'services',
      'deployments.apps',
      'configmaps',
      'nodes',
      'roles.rbac.authorization.k8s.io',
    ])
      targets.push(allKinds.find((one) => one.storedAs === kind) as Kind);
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const specs: Record<string, object> = {
      pods: { spec: template.spec },
      services: {
        spec: {
          ports: [
            { name: 'a', port: 80 },
            { name: 'b', port: 81 },
          ],
        },
      },
      'deployments.apps': { spec: { selector: { matchLabels: { a: 'b' } }, template } },
    };
    await cluster.send(`POST /api/v1/namespaces/${NS}/serviceaccounts`, { body: { metadata: { name: 'default' } } });
    for (const kind of targets) {
      const { status } = await cluster.send(`POST ${pathOf(kind)}`, {
        body: { metadata: { name: 'there' }, ...specs[kind.storedAs] },
      });
      expect(status, kind.storedAs).toBe(201);
    }
    const operations = fc.array(
      fc.record(
        {
          op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'x'),
          path: fc.constantFrom(
            '',
            '/',
            '/spec',
            '/spec/containers/0/image',
            '/metadata/labels/a~1b',
            '/spec/ports/-',
            '/a/9',
          ),
          from: fc.constantFrom('', '/spec', '/metadata', '/spec/containers'),
          value: hostile,
        },
        { requiredKeys: ['op'] },
      ),
      { maxLength: 4 },
    );
    const directives = fc.constantFrom(
      { $patch: 'delete' },
      { $patch: 'replace' },
      { $patch: 'nonsense' },
      { $retainKeys: ['a'] },
      { '$setElementOrder/ports': [{ port: 81 }] },
      { '$deleteFromPrimitiveList/finalizers': ['a'] },
    );
    const patches = fc.oneof(
      fc.tuple(fc.constant('json'), fc.oneof(operations, hostile)),
      fc.tuple(
        fc.constantFrom(...PATCH_TYPES),
        fc.tuple(steps, hostile, directives).map(([where, by, directive]) => ({
          ...(damaged({ metadata: { labels: {}, name: 'there' }, spec: { ports: [], template } }, where, by) as object),
          ...directive,
        })),
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...targets), patches, async (kind, [type, body]) => {
        await expectAnswer(`PATCH ${pathOf(kind, 'there')}?fieldManager=fuzz&dryRun=All`, { body, type });
      }),
      { numRuns: 800, seed: SEED, reporter },
    );
  }, 120_000);

  it('with odd options and addresses get an answer', async () => {
    const names = ['limit', 'continue', 'resourceVersion', 'resourceVersionMatch', 'labelSelector', 'fieldSelector'];
    const more = ['fieldManager', 'dryRun', 'fieldValidation', 'propagationPolicy', 'gracePeriodSeconds', 'pretty'];
    const values = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom(
        'a in (b,',
        '!a',
        'a==',
        'metadata.name=x',
        '-1',
        '1e9',
        '9'.repeat(30),
        'NotOlderThan',
        'Exact',
        'All',
      ),
      fc.base64String({ maxLength: 80 }),
      fc.json().map((text) => btoa(unescape(encodeURIComponent(text)))),
    );
    const queries = fc.dictionary(fc.constantFrom(...names, ...more), values, { maxKeys: 3 });
    const segment = fc.oneof(
      fc.constantFrom('api', 'apis', 'v1', 'namespaces', 'pods', 'default', 'status', 'apps'),
      values,
    );
    const paths = fc.oneof(
      fc.constantFrom(...stored).map((kind) => pathOf(kind)),
      fc.array(segment, { maxLength: 7 }).map((parts) => `/${parts.map(encodeURIComponent).join('/')}`),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('GET', 'DELETE', 'POST', 'PUT'), paths, queries, async (method, path, query) => {
        if (method === 'DELETE' && !query.dryRun) query.dryRun = 'All';
        const response = await cluster.fetch(
          `${method} ${path}?${new URLSearchParams(query)}`,
          method === 'POST' ? { body: {} } : {},
        );
        await response.text();
        expect(faults.splice(0), `${method} ${path} ${JSON.stringify(query)}`).toEqual([]);
      }),
      { numRuns: 1_000, seed: SEED, reporter },
    );
  }, 120_000);

  it('in protobuf, whole, cut and scrambled, get an answer', async () => {
    const type = 'application/vnd.kubernetes.protobuf';
    await fc.assert(
      fc.asyncProperty(
        bodies,
        fc.nat(),
        fc.uint8Array({ maxLength: 6 }),
        fc.boolean(),
        async ({ kind }, at, noise, cut) => {
          const [object] = fc.sample(objectsOf(kind.schema, 3), { numRuns: 1, seed: at });
          const bytes = encodeObject(
            { ...object, metadata: { name: 'x' } },
            { apiVersion: kind.group === '' ? 'v1' : `${kind.group}/${kind.version}`, kind: kind.kind },
            kind.schema,
          );
          const start = at % bytes.length;
          const body = cut ? bytes.slice(0, start) : bytes;
          body.set(noise.slice(0, body.length - Math.min(start, body.length)), Math.min(start, body.length));
          const request = new Request(`http://cluster.test${pathOf(kind)}?dryRun=All`, {
            method: 'POST',
            headers: { 'Content-Type': type },
            body: body as Uint8Array<ArrayBuffer>,
          });
          const response = await cluster.server.fetch(request, { name: 'fuzz', groups: ['system:masters'] });
          await response.text();
          expect(faults.splice(0), `${kind.kind} ${[...body]}`).toEqual([]);
        },
      ),
      { numRuns: 400, seed: SEED, reporter },
    );
  }, 120_000);
});

describe('bodies that cost more than they weigh', () => {
  const repeat = (text: string, times: number): string => text.repeat(times);
  const cases: [string, string, RequestInput][] = [
    ['deep lists', 'POST /api/v1/namespaces/default/configmaps', { body: `{"data":${repeat('[', 200_000)}` }],
    ['deep objects', 'POST /api/v1/namespaces/default/configmaps', { body: repeat('{"a":', 200_000) }],
    [
      'deep values of a field that is kept as it is',
      'POST /apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All',
      {
        body: `{"spec":{"versions":[{"schema":{"openAPIV3Schema":${repeat('{"not":', 20_000)}{}${repeat('}', 20_000)}}}]}}`,
      },
    ],
    [
      'a patch that doubles',
      'PATCH /api/v1/namespaces/kube-system?dryRun=All',
      {
        type: 'json',
        body: [
          { op: 'add', path: '/metadata/annotations', value: { a0: 'x'.repeat(1_000) } },
          ...Array.from({ length: 60 }, (_, i) => ({
            op: 'copy',
            from: '/metadata/annotations',
            path: `/metadata/annotations/b${i}`,
          })),
        ],
      },
    ],
    [
      'a patch of very many steps',
      'PATCH /api/v1/namespaces/kube-system?dryRun=All',
      {
        type: 'json',
        body: Array.from({ length: 100_000 }, () => ({ op: 'test', path: '/kind', value: 'Namespace' })),
      },
    ],
    [
      'very many unknown fields',
      'POST /api/v1/namespaces/default/configmaps?fieldValidation=Strict&dryRun=All',
      {
        body: {
          metadata: { name: 'x' },
          ...Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`f${i}`, i])),
        },
      },
    ],
    [
      'very many labels',
      'PATCH /api/v1/namespaces/kube-system?dryRun=All&fieldManager=f&force=true',
      {
        type: 'apply',
        body: JSON.stringify({
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: { labels: Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [`l${i}`, 'v'])) },
        }),
      },
    ],
    [
      'YAML that refers to itself',
      'POST /api/v1/namespaces/default/configmaps?dryRun=All',
      {
        type: 'application/yaml',
        body: `a: &a [x,x,x,x,x,x,x,x,x]\n${Array.from('bcdefghij', (name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghij'[i]}`).join(',')}]`).join('\n')}\n`,
      },
    ],
    [
      'a selector without end',
      `GET /api/v1/pods?labelSelector=${encodeURIComponent(`a in (${repeat('b,', 5_000)}`)}`,
      {},
    ],
  ];
  it.each(cases)(
    '%s are refused or answered soon',
    async (_what, request, input) => {
      const faults: string[] = [];
      const cluster = await createTestCluster({ bootstrap: true, log: faultLog(faults) });
      const { status } = await cluster.send(request, input);
      expect(faults).toEqual([]);
      expect(status).toBeLessThan(500);
    },
    10_000,
  );
});
