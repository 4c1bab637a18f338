import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/machinery/meta.ts';
import type { Status } from '../../../src/machinery/status.ts';
import { createTestCluster } from '../../support/cluster.ts';

const PATH = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

async function requestFor(name: string): Promise<Uint8Array> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: ALGORITHM });
  return new Uint8Array(request.rawData);
}

const pem = (bytes: Uint8Array): string => {
  const body = Buffer.from(bytes).toString('base64').replace(/.{64}/g, '$&\n');
  return Buffer.from(`-----BEGIN CERTIFICATE REQUEST-----\n${body}\n-----END CERTIFICATE REQUEST-----\n`).toString(
    'base64',
  );
};

const body = (request: string, more: object = {}) => ({
  metadata: { name: 'r' },
  spec: { request, signerName: 'example.com/signer', usages: ['client auth'], ...more },
});

const causesOf = (reply: { body: unknown }) => (reply.body as Status).details?.causes?.map(({ field }) => field);

describe('certificate requests', () => {
  it('must be signed with the key they hold', async () => {
    const cluster = await createTestCluster({ bootstrap: true });
    const bytes = await requestFor('CN=jane');
    expect((await cluster.send(`POST ${PATH}?dryRun=All`, { body: body(pem(bytes)) })).status).toBe(201);
    const name = bytes.findIndex((_, i) => String.fromCharCode(...bytes.slice(i, i + 4)) === 'jane');
    const forged = bytes.slice();
    forged[name] = 'k'.charCodeAt(0);
    const refused = await cluster.send<KubeObject>(`POST ${PATH}`, { body: body(pem(forged)) });
    expect([refused.status, causesOf(refused)]).toEqual([422, ['spec.request']]);
  });

  it('report a cut request together with everything else that is wrong', async () => {
    const cluster = await createTestCluster({ bootstrap: true });
    const cut = (await requestFor('CN=jane')).slice(0, 40);
    const refused = await cluster.send<KubeObject>(`POST ${PATH}`, {
      body: body(pem(cut), { usages: [], signerName: 'x', expirationSeconds: 1 }),
    });
    expect(causesOf(refused)).toEqual(['spec.request', 'spec.usages', 'spec.signerName', 'spec.expirationSeconds']);
  });

  it('are decided once, at approval only', async () => {
    const cluster = await createTestCluster({ bootstrap: true });
    await cluster.send(`POST ${PATH}`, { body: body(pem(await requestFor('CN=jane'))) });
    const condition = (type: string) => ({ type, status: 'True', reason: 'R', message: 'm' });
    const patch = (part: string, conditions: object[]) =>
      cluster.send<KubeObject>(`PATCH ${PATH}/r/${part}`, {
        body: { status: { conditions } },
        headers: { 'Content-Type': 'application/merge-patch+json' },
      });
    expect((await patch('status', [condition('Approved')])).status).toBe(422);
    expect((await patch('approval', [condition('Approved')])).status).toBe(200);
    expect((await patch('approval', [condition('Approved'), condition('Denied')])).status).toBe(422);
    expect((await patch('approval', [])).status).toBe(422);
    expect((await patch('status', [condition('Approved'), condition('Failed')])).status).toBe(200);
  });
});
