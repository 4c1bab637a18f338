import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { beforeAll, describe, expect, it } from 'vitest';
import { certificateApprovingController } from '../../src/controllers/certificate-approving/index.ts';
import { certificateSigningController } from '../../src/controllers/certificate-signing/index.ts';
import { type CertificateSigningRequest, certificateSigningRequests } from '../../src/kinds/index.ts';
import { createCertificateAuthority, generateClusterKeys } from '../../src/server/cluster-keys.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { createSeededRandom } from '../support/seeded-random.ts';
import { createControlledCluster } from './controlled-cluster.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const NODE_USAGES = ['digital signature', 'client auth'];
let keys: Awaited<ReturnType<typeof generateClusterKeys>>;

beforeAll(async () => {
  // Settling does not wait for modules to load.
  await import('../../src/server/certificates/requests.ts');
  keys = await generateClusterKeys(createManualClock(), createSeededRandom(1));
});

const open = () =>
  createControlledCluster({
    controllers: () => [certificateApprovingController, certificateSigningController],
    certificates: createCertificateAuthority(keys, { clock: createManualClock(), random: createSeededRandom(2) }),
  });

type Cluster = Awaited<ReturnType<typeof open>>;

async function ask({ admin }: Cluster, subject: string, spec: { signerName: string; usages: string[]; dns?: string }) {
  const pair = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const extensions = spec.dns ? [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: spec.dns }])] : [];
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: subject,
    keys: pair,
    signingAlgorithm: ALGORITHM,
    extensions,
  });
  const { signerName, usages } = spec;
  await admin.create(certificateSigningRequests, {
    metadata: { name: 'r' },
    spec: { request: btoa(request.toString('pem')), signerName, usages, expirationSeconds: 3600 },
  });
}

const find = ({ admin }: Cluster) => admin.get<CertificateSigningRequest>(certificateSigningRequests, { name: 'r' });

async function approve(cluster: Cluster) {
  const request = await find(cluster);
  const conditions = [{ type: 'Approved', status: 'True', reason: 'R', message: 'm' }];
  await cluster.admin.update(
    certificateSigningRequests,
    { ...request, status: { conditions } },
    { subresource: 'approval' },
  );
  await cluster.settle();
}

describe('the certificate controllers', () => {
  it('sign what is approved, for as long as was asked, once', async () => {
    const cluster = await open();
    await ask(cluster, 'CN=jane,O=dev', { signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'] });
    await cluster.settle();
    expect((await find(cluster)).status?.certificate).toBeUndefined();
    await approve(cluster);
    const pem = atob((await find(cluster)).status?.certificate ?? '');
    const certificate = new x509.X509Certificate(pem);
    expect(certificate.subject).toBe('CN=jane, O=dev');
    expect(
      await certificate.verify({ publicKey: new x509.X509Certificate(keys.caCertificate), signatureOnly: true }),
    ).toBe(true);
    expect(certificate.getExtension(x509.ExtendedKeyUsageExtension)?.usages).toEqual([
      x509.ExtendedKeyUsage.clientAuth,
    ]);
    expect(certificate.notAfter.getTime() - certificate.notBefore.getTime()).toBeLessThan(2 * 3600_000);
    cluster.writes();
    await cluster.settle();
    expect(cluster.writes()).toEqual([]);
  });

  it('fail a kubelet certificate that asks for more than a node may have', async () => {
    const cluster = await open();
    const signerName = 'kubernetes.io/kube-apiserver-client-kubelet';
    await ask(cluster, 'CN=system:node:n,O=system:nodes', { signerName, usages: NODE_USAGES, dns: 'n' });
    await approve(cluster);
    const { status } = await find(cluster);
    expect(status?.certificate).toBeUndefined();
    expect(status?.conditions?.find(({ type }) => type === 'Failed')?.message).toBe(
      'DNS subjectAltNames are not allowed',
    );
  });

  it('approve kubelets whose user may ask for node certificates, and nobody else', async () => {
    const cluster = await open();
    const spec = { signerName: 'kubernetes.io/kube-apiserver-client-kubelet', usages: NODE_USAGES };
    await ask(cluster, 'CN=system:node:n,O=system:nodes', spec);
    await cluster.settle();
    const { status } = await find(cluster);
    expect(status?.conditions?.map(({ type, reason }) => [type, reason])).toEqual([['Approved', 'AutoApproved']]);
    expect(status?.certificate).toBeDefined();
    await cluster.admin.delete(certificateSigningRequests, { name: 'r' });
    await ask(cluster, 'CN=n,O=system:nodes', spec);
    await cluster.settle();
    expect((await find(cluster)).status).toEqual({});
  });
});
