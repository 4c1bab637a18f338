import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TestCluster } from '../../support/cluster.ts';
import { createTestCluster } from '../../support/cluster.ts';
import { define, definition, openVersion, WIDGETS } from './definitions.ts';

const schema = {
  openAPIV3Schema: {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          text: { type: 'string', maxLength: 5, nullable: true },
          count: { type: 'integer', default: 1, minimum: 0 },
          either: { 'x-kubernetes-int-or-string': true },
          list: {
            type: 'array',
            items: {
              type: 'object',
              required: ['key'],
              properties: { key: { type: 'string' }, value: { type: 'number' } },
            },
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['key'],
          },
          set: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
          map: { type: 'object', additionalProperties: { type: 'boolean' } },
          open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          inner: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { x: { type: 'string' } } },
        },
      },
      status: { type: 'object', properties: { replicas: { type: 'integer' } } },
    },
  } as never,
};
const subresources = {
  status: {},
  scale: { specReplicasPath: '.spec.count', statusReplicasPath: '.status.replicas' },
};

const NAMES = ['text', 'count', 'either', 'list', 'set', 'map', 'open', 'inner', 'key', 'value', 'x', '__proto__'];
const leaf = fc.oneof(
  ...[fc.constant(null), fc.boolean(), fc.integer({ min: -2, max: 9 }), fc.double({ noNaN: true })],
  fc.constantFrom('', 'a', 'long text', 'default', '1', '5%'),
);
const { value: json } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...NAMES), tie('value'), { maxKeys: 4 }),
  ),
}));
const metadata = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ name: 'w' }) },
  {
    weight: 1,
    arbitrary: fc.record({ name: leaf, labels: json, finalizers: json, ownerReferences: json }, { requiredKeys: [] }),
  },
);
const body = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      apiVersion: fc.constantFrom('example.com/v1', 'example.com/v1', 'example.com/v2', 'v1', ''),
      kind: fc.constantFrom('Widget', 'Widget', 'Widget', 'Gadget'),
      metadata,
      spec: fc.oneof(
        { weight: 4, arbitrary: fc.dictionary(fc.constantFrom(...NAMES), json as fc.Arbitrary<unknown>) },
        { weight: 1, arbitrary: json as fc.Arbitrary<unknown> },
      ),
      status: json as fc.Arbitrary<unknown>,
    }),
  },
  { weight: 1, arbitrary: json as fc.Arbitrary<unknown> },
);
const request = fc.constantFrom(
  ...([
    [`POST ${WIDGETS}`, 'application/json'],
    [`POST ${WIDGETS}?fieldValidation=Strict`, 'application/yaml'],
    [`PUT ${WIDGETS}/w`, 'application/json'],
    [`PUT ${WIDGETS}/w/status`, 'application/json'],
    [`PUT ${WIDGETS}/w/scale`, 'application/json'],
    [`PATCH ${WIDGETS}/w`, 'merge'],
    [`PATCH ${WIDGETS}/w/status`, 'merge'],
    [`PATCH ${WIDGETS}/w/scale`, 'merge'],
    [`PATCH ${WIDGETS}/w?fieldManager=f`, 'apply'],
    [`PATCH ${WIDGETS}/w?fieldManager=g&force=true`, 'apply'],
    [`PATCH ${WIDGETS}/w`, 'json'],
  ] as const),
);

/** Faults of a configuration that upstream answers with 500 too. */
const UPSTREAM_500 = /^failed to (create typed|convert|merge)|^unable to convert|the spec replicas field/;

async function setUp(): Promise<TestCluster> {
  const cluster = await createTestCluster();
  await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'default' } } });
  const versions = [openVersion('v1', { schema, subresources }), openVersion('v2', { schema, subresources })];
  await define(cluster, definition({ versions }));
  return cluster;
}

test('whatever clients send, the server refuses or keeps it, and can read what it keeps', async () => {
  const cluster = await setUp();
  await fc.assert(
    fc.asyncProperty(request, body, async ([line, type], sent) => {
      const reply = await cluster.send<{ message?: string }>(line, { body: JSON.stringify(sent), type });
      const ours = reply.status >= 500 && !UPSTREAM_500.test(reply.body?.message ?? '');
      expect(ours ? reply.text : '').toBe('');
      expect((await cluster.send(`GET ${WIDGETS.replace('/v1/', '/v2/')}`)).status).toBe(200);
      if (reply.status < 300 && line.startsWith('PUT')) await cluster.send(`DELETE ${WIDGETS}/w`);
    }),
    { numRuns: 400, seed: 7 },
  );
});
