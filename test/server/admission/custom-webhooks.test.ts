/** Webhooks for one version of a custom resource, asked about requests in another one that a webhook converts. */
import { expect, it } from 'vitest';
import type { KubeObject } from '../../../src/machinery/meta.ts';
import { createTestCluster } from '../../support/cluster.ts';
import { define, definition, openVersion } from '../custom/definitions.ts';

type Widget = KubeObject & { spec: { size?: number; amount?: string } };

interface Review {
  apiVersion: string;
  kind: string;
  request: { uid: string; object: Widget; objects: Widget[]; desiredAPIVersion: string; kind: object };
}

const schemaOf = (properties: object) => ({
  schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } as never },
});

/** `size: 3` in version 1 is `amount: '3'` in version 2. */
const converted = ({ spec: { size, amount }, ...rest }: Widget, apiVersion: string): Widget => {
  const number = size ?? (amount === undefined ? undefined : Number(amount));
  if (number === undefined) return { ...rest, apiVersion, spec: {} };
  return { ...rest, apiVersion, spec: apiVersion.endsWith('v1') ? { size: number } : { amount: String(number) } };
};

it('shows a webhook the version that it asks for, and gives back the version of the request', async () => {
  const asked: Review['request'][] = [];
  const cluster = await createTestCluster({
    outbound: () => ({
      async call(target, { request }) {
        const { apiVersion, kind, request: review } = JSON.parse(String(request.body)) as Review;
        const answer = { uid: review.uid, allowed: true };
        if ('url' in target && new URL(target.url).pathname === '/convert') {
          const convertedObjects = review.objects.map((object) => converted(object, review.desiredAPIVersion));
          const response = { uid: review.uid, result: { status: 'Success' }, convertedObjects };
          return Response.json({ apiVersion, kind, response });
        }
        asked.push(review);
        const operations = review.object.spec.size === undefined ? [{ op: 'add', path: '/spec/size', value: 5 }] : [];
        const patch = { patchType: 'JSONPatch', patch: btoa(JSON.stringify(operations)) };
        return Response.json({ apiVersion, kind, response: { ...answer, ...patch } });
      },
    }),
  });
  await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'default' } } });
  const versions = [
    openVersion('v1', schemaOf({ size: { type: 'integer' } })),
    openVersion('v2', schemaOf({ amount: { type: 'string' } })),
  ];
  const webhook = { conversionReviewVersions: ['v1'], clientConfig: { url: 'https://hook.example.com/convert' } };
  await define(cluster, definition({ versions, conversion: { strategy: 'Webhook', webhook } }));
  const rule = { apiGroups: ['example.com'], apiVersions: ['v1'], resources: ['widgets'], operations: ['*'] };
  await cluster.send('POST /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
    body: {
      metadata: { name: 'c' },
      webhooks: [
        {
          ...{ name: 'w.example.com', clientConfig: { url: 'https://hook.example.com/mutate' }, rules: [rule] },
          ...{ sideEffects: 'None', admissionReviewVersions: ['v1'] },
        },
      ],
    },
  });
  const path = '/apis/example.com/v2/namespaces/default/widgets';
  const body = { apiVersion: 'example.com/v2', kind: 'Widget' };
  const given = await cluster.send<Widget>(`POST ${path}`, {
    body: { ...body, metadata: { name: 'a' }, spec: { amount: '3' } },
  });
  expect([given.status, given.body.spec], given.text).toEqual([201, { amount: '3' }]);
  const filled = await cluster.send<Widget>(`POST ${path}`, { body: { ...body, metadata: { name: 'b' }, spec: {} } });
  expect([filled.status, filled.body.spec], filled.text).toEqual([201, { amount: '5' }]);
  expect(asked.map(({ kind, object }) => [kind, object.apiVersion, object.spec])).toEqual([
    [{ group: 'example.com', version: 'v1', kind: 'Widget' }, 'example.com/v1', { size: 3 }],
    [{ group: 'example.com', version: 'v1', kind: 'Widget' }, 'example.com/v1', {}],
  ]);
  const applied = await cluster.send<Widget>(`PATCH ${path}/b?fieldManager=x&force=true`, {
    ...{ type: 'apply', body: { ...body, metadata: { name: 'b' }, spec: { amount: '8' } } },
  });
  expect([applied.status, applied.body.spec], applied.text).toEqual([200, { amount: '8' }]);
});
