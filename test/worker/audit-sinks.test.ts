import { describe, expect, it } from 'vitest';
import type { OutboundOptions, OutboundTarget } from '../../src/server/outbound/contract.ts';
import { auditBucket, auditWebhook } from '../../src/worker/audit-sinks.ts';

const BATCH = { seq: 42, at: Date.UTC(2026, 0, 31, 23, 59), events: ['{"auditID":"a"}', '{"auditID":"b"}'] };

const KUBECONFIG = {
  'current-context': 'c',
  clusters: [{ name: 'audit', cluster: { server: 'https://audit.example.com/in', 'certificate-authority': 'ca.crt' } }],
  users: [{ name: 'me', user: { 'client-certificate-data': btoa('CERT'), 'client-key': 'key.pem' } }],
  contexts: [{ name: 'c', context: { cluster: 'audit', user: 'me' } }],
};
const FILES = { 'ca.crt': 'CA', 'key.pem': 'KEY' };

describe('the audit webhook', () => {
  const calls: { target: OutboundTarget; options: OutboundOptions }[] = [];
  const webhookThatAnswers = (status: number) =>
    auditWebhook(
      { document: KUBECONFIG, files: FILES },
      {
        async call(target, options) {
          calls.push({ target, options });
          return new Response('', { status });
        },
      },
    );

  it('gets an EventList, by the trust and the identity of its kubeconfig', async () => {
    await webhookThatAnswers(200).send(BATCH);
    const [call] = calls.splice(0);
    expect(call?.target).toEqual({ url: 'https://audit.example.com/in' });
    expect(call?.options).toMatchObject({
      caBundle: 'CA',
      clientCertificate: { certificate: 'CERT', key: 'KEY' },
      request: { method: 'POST', headers: { 'Content-Type': 'application/json' } },
    });
    expect(JSON.parse(String(call?.options.request.body))).toEqual({
      ...{ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {} },
      items: [{ auditID: 'a' }, { auditID: 'b' }],
    });
  });

  it('has not taken what it answers with an error to', async () => {
    await expect(webhookThatAnswers(503).send(BATCH)).rejects.toThrow('the audit webhook answered 503');
  });

  it.each([
    [{}, 'context was not found for specified context'],
    [{ ...KUBECONFIG, clusters: [] }, 'no server found'],
    [{ ...KUBECONFIG, users: [{ name: 'me', user: { exec: {} } }] }, 'exec plugins cannot run in the control plane'],
    [{ ...KUBECONFIG, users: [{ name: 'me', user: { tokenFile: '/none' } }] }, 'unable to read /none'],
  ])('%# is refused', (document, message) => {
    expect(() => auditWebhook({ document, files: FILES }, { call: async () => new Response() })).toThrow(message);
  });
});

describe('the audit bucket', () => {
  it('gets each batch as one object of JSON lines', async () => {
    const put: unknown[][] = [];
    const bucket = { put: async (...args: unknown[]) => void put.push(args) };
    await auditBucket(bucket, 'default').send(BATCH);
    expect(put).toEqual([
      [
        'audit/default/2026-01-31/0000000042.jsonl',
        '{"auditID":"a"}\n{"auditID":"b"}\n',
        { httpMetadata: { contentType: 'application/jsonl' } },
      ],
    ]);
  });
});
