import { describe, expect, it } from 'vitest';
import type { Outbound } from '../../../../src/server/outbound/index.ts';
import { jsonPatch, type PolicyCluster, policyCluster } from './support.ts';

interface Review {
  apiVersion: string;
  kind: string;
  request: { uid: string; object: { data: Record<string, string> } };
}

/** A cluster with a mutating webhook that appends a letter to `data.log`. */
async function clusterWithWebhook(reinvocationPolicy: string): Promise<PolicyCluster> {
  const outbound: Outbound = {
    async call(_target, { request }) {
      const { apiVersion, kind, request: asked } = JSON.parse(String(request.body)) as Review;
      const value = `${asked.object.data.log}w`;
      const patch = btoa(JSON.stringify([{ op: 'add', path: '/data/log', value }]));
      const response = { uid: asked.uid, allowed: true, patchType: 'JSONPatch', patch };
      return Response.json({ apiVersion, kind, response });
    },
  };
  const cluster = await policyCluster({ outbound: () => outbound });
  await cluster.outcome('POST /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
    body: {
      metadata: { name: 'w' },
      webhooks: [
        {
          name: 'w.example.com',
          clientConfig: { url: 'https://hook.example.com/' },
          rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['CREATE'] }],
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
          reinvocationPolicy,
        },
      ],
    },
  });
  return cluster;
}

const append = (letter: string) =>
  jsonPatch(`[JSONPatch{op: 'replace', path: '/data/log', value: object.data.log + '${letter}'}]`);

describe('policies and webhooks', () => {
  it('change an object one after the other, policies first', async () => {
    const cluster = await clusterWithWebhook('Never');
    await cluster.mutating('p', { mutations: [append('p')] });
    expect((await cluster.configMap('c', { log: '' })).object.data).toEqual({ log: 'pw' });
  });

  it('run once more after each other when they want to, and no third time', async () => {
    const cluster = await clusterWithWebhook('IfNeeded');
    await cluster.mutating('p', { mutations: [append('p')], reinvocationPolicy: 'IfNeeded' });
    expect((await cluster.configMap('c', { log: '' })).object.data).toEqual({ log: 'pwpw' });
  });

  it('let only those run again that want to', async () => {
    const cluster = await clusterWithWebhook('IfNeeded');
    await cluster.mutating('p', { mutations: [append('p')], reinvocationPolicy: 'Never' });
    expect((await cluster.configMap('c', { log: '' })).object.data).toEqual({ log: 'pw' });
  });
});
