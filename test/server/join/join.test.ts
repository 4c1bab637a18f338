import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { systemRandom } from '../../../src/base/random.ts';
import { generateClusterKeys, issueServingCertificate } from '../../../src/server/cluster-keys.ts';
import type { NodeCredential } from '../../../src/server/join/index.ts';
import { createTestCluster, type TestCluster } from '../../support/cluster.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const TOKEN = 'abcdef.0123456789abcdef';

async function clusterWithToken(lastSeen = new Map<string, number>()): Promise<TestCluster> {
  const nodes = {
    fetch: async () => new Response(null, { status: 502 }),
    lastSeen: async () => lastSeen,
  };
  const cluster = await createTestCluster({ bootstrap: true, nodes });
  const stringData = {
    'token-id': 'abcdef',
    'token-secret': '0123456789abcdef',
    'usage-bootstrap-authentication': 'true',
  };
  const body = { metadata: { name: 'bootstrap-token-abcdef' }, type: 'bootstrap.kubernetes.io/token', stringData };
  await cluster.send('POST /api/v1/namespaces/kube-system/secrets', { body });
  return cluster;
}

async function join(cluster: TestCluster, body: unknown) {
  const response = await cluster.fetch('POST /kedge/v1/join', { body, headers: { Authorization: '' } });
  return { status: response.status, body: (await response.json()) as NodeCredential & { message?: string } };
}

const asNode = (cluster: TestCluster, token: string, request: string, body?: unknown) =>
  cluster.send(request, { headers: { Authorization: `Bearer ${token}` }, ...(body === undefined ? {} : { body }) });

describe('joining', () => {
  it('gives a credential for one node name only', async () => {
    const cluster = await clusterWithToken();
    const { status, body } = await join(cluster, { token: TOKEN, nodeName: 'worker-1' });
    expect(status).toBe(200);
    expect(body.cluster).toEqual({
      serviceCIDR: '10.96.0.0/16',
      apiServiceIP: '10.96.0.1',
      dnsIP: '10.96.0.10',
      clusterDomain: 'cluster.local',
    });
    expect((await asNode(cluster, body.token, 'POST /api/v1/nodes', { metadata: { name: 'worker-1' } })).status).toBe(
      201,
    );
    expect((await asNode(cluster, body.token, 'POST /api/v1/nodes', { metadata: { name: 'worker-2' } })).status).toBe(
      403,
    );
    expect((await asNode(cluster, body.token, 'GET /api/v1/nodes/worker-1')).status).toBe(200);
    expect((await asNode(cluster, body.token, 'GET /api/v1/secrets')).status).toBe(403);
  });

  it('is refused with one line that says what to do', async () => {
    const cluster = await clusterWithToken();
    const cases: [unknown, number, RegExp][] = [
      [{ token: 'nonsense', nodeName: 'n' }, 401, /kedge token create/],
      [{ token: 'abcdef.0123456789abcdeX', nodeName: 'n' }, 401, /kedge token create/],
      [{ token: 'abcdef.aaaaaaaaaaaaaaaa', nodeName: 'n' }, 401, /unknown or has expired/],
      [{ token: TOKEN, nodeName: 'No_Name' }, 400, /--name/],
      [{ token: TOKEN }, 400, /--name/],
      [{ token: TOKEN, nodeName: 'n', publicKey: 7 }, 400, /PEM/],
      ['{', 400, /JSON/],
      ['[]', 400, /JSON object/],
      ['x'.repeat(70_000), 413, /limit/],
    ];
    for (const [body, status, message] of cases) {
      const reply = await join(cluster, body);
      expect([reply.status, reply.body.message]).toEqual([status, expect.stringMatching(message)]);
      expect(reply.body.message).not.toContain('\n');
    }
  });

  it('anew revokes the credential of before', async () => {
    const cluster = await clusterWithToken();
    const first = (await join(cluster, { token: TOKEN, nodeName: 'n' })).body;
    expect((await asNode(cluster, first.token, 'GET /api/v1/services')).status).toBe(200);
    const second = (await join(cluster, { token: TOKEN, nodeName: 'n' })).body;
    cluster.clock.advance(10_000);
    expect((await asNode(cluster, first.token, 'GET /api/v1/services')).status).toBe(401);
    expect((await asNode(cluster, second.token, 'GET /api/v1/services')).status).toBe(200);
  });

  it('does not take the name of a node that is alive', async () => {
    const seen = new Map<string, number>();
    const cluster = await clusterWithToken(seen);
    seen.set('n', cluster.clock.now() - 5_000);
    expect((await join(cluster, { token: TOKEN, nodeName: 'n' })).status).toBe(409);
    cluster.clock.advance(36_000);
    expect((await join(cluster, { token: TOKEN, nodeName: 'n' })).status).toBe(200);
  });

  it('is renewed with the credential itself, not with another', async () => {
    const cluster = await clusterWithToken();
    const { token } = (await join(cluster, { token: TOKEN, nodeName: 'n' })).body;
    cluster.clock.advance(300 * 24 * 3_600_000);
    const renew = (bearer: string) =>
      cluster.fetch('POST /kedge/v1/renew', { headers: { Authorization: `Bearer ${bearer}` } });
    const renewed = (await (await renew(token)).json()) as NodeCredential;
    cluster.clock.advance(100 * 24 * 3_600_000);
    expect((await asNode(cluster, token, 'GET /api/v1/services')).status).toBe(401);
    expect((await asNode(cluster, renewed.token, 'GET /api/v1/services')).status).toBe(200);
    expect((await renew('admin-token-of-the-tests')).status).toBe(401);
  });
});

describe("a node's proxy", () => {
  it('is what the credential of a node may speak for, and nobody else', async () => {
    const cluster = await clusterWithToken();
    const { token } = (await join(cluster, { token: TOKEN, nodeName: 'n' })).body;
    const list = (bearer: string, resource: string) =>
      cluster.send(`GET ${resource}`, { headers: { Authorization: `Bearer ${bearer}`, 'X-Kedge-Component': 'proxy' } });
    expect((await list(token, '/apis/discovery.k8s.io/v1/endpointslices')).status).toBe(200);
    expect((await list(token, '/api/v1/secrets')).status).toBe(403);
    expect((await list(token, '/api/v1/pods')).status).toBe(403);
    await cluster.send('POST /api/v1/namespaces/default/serviceaccounts', { body: { metadata: { name: 'bot' } } });
    const minted = await cluster.send<{ metadata: object; status: { token: string } }>(
      'POST /api/v1/namespaces/default/serviceaccounts/bot/token',
      { body: { spec: {} } },
    );
    expect((await list(minted.body.status.token, '/apis/discovery.k8s.io/v1/endpointslices')).status).toBe(403);
  });
});

describe('cluster keys', () => {
  it('sign serving certificates that verify against the authority', async () => {
    const deps = { clock: createManualClock(Date.now()), random: systemRandom };
    const keys = await generateClusterKeys(deps.clock, deps.random);
    for (const pair of [
      generateKeyPairSync('ec', { namedCurve: 'P-256' }),
      generateKeyPairSync('rsa', { modulusLength: 2_048 }),
    ]) {
      const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' }) as string;
      const request = { names: ['kubernetes.default.svc'], ips: ['10.96.0.1', 'fd00::1'], publicKey };
      const certificate = new X509Certificate(await issueServingCertificate(keys, request, deps));
      const authority = new X509Certificate(keys.caCertificate);
      expect(certificate.verify(authority.publicKey)).toBe(true);
      expect(certificate.checkIssued(authority)).toBe(true);
      expect(certificate.checkHost('kubernetes.default.svc')).toBe('kubernetes.default.svc');
      expect(certificate.checkIP('10.96.0.1')).toBe('10.96.0.1');
      expect(certificate.checkIP('fd00::1')).toBe('fd00::1');
      expect(certificate.ca).toBe(false);
      expect(authority.ca).toBe(true);
    }
  });

  it('refuse what is no public key', async () => {
    const deps = { clock: createManualClock(), random: systemRandom };
    const keys = await generateClusterKeys(deps.clock, deps.random);
    await expect(issueServingCertificate(keys, { names: ['a'], ips: [], publicKey: 'nope' }, deps)).rejects.toThrow();
  });
});
