import { describe, expect, it } from 'vitest';
import { createTestCluster, type TestCluster } from '../../support/cluster.ts';

const REVIEW = 'POST /apis/authentication.k8s.io/v1/selfsubjectreviews';

interface Review {
  status: { userInfo: { username: string; uid?: string; groups: string[]; extra?: Record<string, string[]> } };
}

/** What the server answers to somebody who shows `token`. */
const whoAmI = (cluster: TestCluster, token: string) =>
  cluster.send<Review & { metadata: object }>(REVIEW, { body: {}, headers: { Authorization: `Bearer ${token}` } });

async function mint(cluster: TestCluster, spec: object = {}): Promise<string> {
  const reply = await cluster.send<{ metadata: object; status: { token: string } }>(
    'POST /api/v1/namespaces/default/serviceaccounts/bot/token',
    { body: { spec } },
  );
  expect(reply.status).toBe(201);
  return reply.body.status.token;
}

async function clusterWithAccount(): Promise<TestCluster> {
  const cluster = await createTestCluster({ bootstrap: true });
  await cluster.send('POST /api/v1/namespaces/default/serviceaccounts', { body: { metadata: { name: 'bot' } } });
  return cluster;
}

const pod = (name: string) => ({
  metadata: { name },
  spec: { serviceAccountName: 'bot', containers: [{ name: 'c', image: 'i' }] },
});

describe('bearer tokens', () => {
  it('prove the administrator, and are refused when unknown', async () => {
    const cluster = await createTestCluster({ bootstrap: true });
    expect((await cluster.send<Review & { metadata: object }>(REVIEW, { body: {} })).body.status.userInfo).toEqual({
      username: 'admin',
      uid: 'admin-uid',
      groups: ['system:masters', 'system:authenticated'],
    });
    for (const wrong of ['wrong', 'a.b.c', 'abcdef.0123456789abcdef', `${'x'.repeat(5_000)}`]) {
      expect((await whoAmI(cluster, wrong)).status).toBe(401);
    }
  });

  it('are not needed where anonymous users may go', async () => {
    const cluster = await createTestCluster({ bootstrap: true });
    expect((await cluster.send('GET /version', { headers: { Authorization: '' } })).status).toBe(200);
    expect((await cluster.send('GET /api/v1/pods', { headers: { Authorization: '' } })).status).toBe(403);
  });
});

describe('service account tokens', () => {
  it('prove the account while it lives with the same uid', async () => {
    const cluster = await clusterWithAccount();
    const token = await mint(cluster);
    const first = await whoAmI(cluster, token);
    expect(first.body.status.userInfo).toMatchObject({
      username: 'system:serviceaccount:default:bot',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
    });
    await cluster.send('DELETE /api/v1/namespaces/default/serviceaccounts/bot');
    await cluster.send('POST /api/v1/namespaces/default/serviceaccounts', { body: { metadata: { name: 'bot' } } });
    expect((await whoAmI(cluster, token)).status).toBe(401);
  });

  it('expire, also when the server knows them already', async () => {
    const cluster = await clusterWithAccount();
    const token = await mint(cluster, { expirationSeconds: 600 });
    expect((await whoAmI(cluster, token)).status).toBe(201);
    cluster.clock.advance(599_000);
    expect((await whoAmI(cluster, token)).status).toBe(201);
    cluster.clock.advance(1_000);
    expect((await whoAmI(cluster, token)).status).toBe(401);
  });

  it('bound to a pod end with it, and name its node', async () => {
    const cluster = await clusterWithAccount();
    await cluster.send('POST /api/v1/namespaces/default/pods', { body: pod('p') });
    const token = await mint(cluster, { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'p' } });
    expect(
      (await whoAmI(cluster, token)).body.status.userInfo.extra?.['authentication.kubernetes.io/pod-name'],
    ).toEqual(['p']);
    await cluster.send('DELETE /api/v1/namespaces/default/pods/p?gracePeriodSeconds=0');
    cluster.clock.advance(1_000);
    expect((await whoAmI(cluster, token)).status).toBe(401);
  });

  it('for another audience are no use here', async () => {
    const cluster = await clusterWithAccount();
    expect((await whoAmI(cluster, await mint(cluster, { audiences: ['vault'] }))).status).toBe(401);
  });

  it('of kubelets last a year and warn after what was asked for', async () => {
    const cluster = await clusterWithAccount();
    await cluster.send('POST /api/v1/namespaces/default/pods', { body: pod('p') });
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: 'p' };
    const token = await mint(cluster, { expirationSeconds: 3_607, boundObjectRef });
    const claims = JSON.parse(atob((token.split('.')[1] as string).replaceAll('-', '+').replaceAll('_', '/')));
    expect(claims.exp - claims.iat).toBe(365 * 24 * 3_600);
    expect(claims['kubernetes.io'].warnafter - claims.iat).toBe(3_607);
  });
});

describe('bootstrap tokens', () => {
  const secret = (extra: Record<string, string> = {}) => ({
    metadata: { name: 'bootstrap-token-abcdef' },
    type: 'bootstrap.kubernetes.io/token',
    stringData: {
      'token-id': 'abcdef',
      'token-secret': '0123456789abcdef',
      'usage-bootstrap-authentication': 'true',
      ...extra,
    },
  });

  it('prove a bootstrapper until they expire', async () => {
    const cluster = await createTestCluster({ bootstrap: true });
    const expiration = new Date(cluster.clock.now() + 60_000).toISOString();
    const body = secret({ expiration, 'auth-extra-groups': 'system:bootstrappers:workers' });
    expect((await cluster.send('POST /api/v1/namespaces/kube-system/secrets', { body })).status).toBe(201);
    const token = 'abcdef.0123456789abcdef';
    expect((await whoAmI(cluster, token)).body.status.userInfo).toMatchObject({
      username: 'system:bootstrap:abcdef',
      groups: ['system:bootstrappers', 'system:bootstrappers:workers', 'system:authenticated'],
    });
    expect((await whoAmI(cluster, 'abcdef.0123456789abcdeX')).status).toBe(401);
    cluster.clock.advance(60_000);
    expect((await whoAmI(cluster, token)).status).toBe(401);
  });

  it('without the usage, or with a group of another kind, are refused', async () => {
    const cases: Record<string, string>[] = [
      { 'usage-bootstrap-authentication': 'false' },
      { 'auth-extra-groups': 'system:masters' },
    ];
    for (const wrong of cases) {
      const cluster = await createTestCluster({ bootstrap: true });
      await cluster.send('POST /api/v1/namespaces/kube-system/secrets', {
        body: secret(wrong),
      });
      expect((await whoAmI(cluster, 'abcdef.0123456789abcdef')).status).toBe(401);
    }
  });
});

describe('what is told about tokens', () => {
  const review = async (cluster: TestCluster, body: object) =>
    (
      await cluster.send<{ metadata: object; status: { error?: string; user?: object; authenticated?: boolean } }>(
        'POST /apis/authentication.k8s.io/v1/tokenreviews',
        { body },
      )
    ).body.status;

  it('names what became of the account, and keeps the rest of a status as it was sent', async () => {
    const cluster = await clusterWithAccount();
    const token = await mint(cluster);
    await cluster.send('DELETE /api/v1/namespaces/default/serviceaccounts/bot');
    const status = { authenticated: true, user: { username: 'x' } };
    expect(await review(cluster, { spec: { token }, status })).toEqual({
      user: { username: 'x' },
      error: '[invalid bearer token, serviceaccounts "bot" not found]',
    });
    await cluster.send('POST /api/v1/namespaces/default/serviceaccounts', { body: { metadata: { name: 'bot' } } });
    expect((await review(cluster, { spec: { token } })).error).toMatch(
      /service account UID \(.+\) does not match claim \(.+\)/,
    );
  });

  it('ignores a token behind two blanks, with a warning', async () => {
    const cluster = await createTestCluster({ bootstrap: true });
    const answer = await cluster.send('GET /version', { headers: { Authorization: 'Bearer  x' } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('warning')).toContain('contains extra space before the bearer token');
  });

  it('keeps the metadata of a request for a token, whose uid must be that of the account', async () => {
    const cluster = await clusterWithAccount();
    const ask = (metadata: object, spec: object = {}) =>
      cluster.send<{ metadata: { labels?: object }; message?: string }>(
        'POST /api/v1/namespaces/default/serviceaccounts/bot/token',
        { body: { metadata, spec } },
      );
    expect((await ask({ labels: { a: 'b' } })).body.metadata.labels).toEqual({ a: 'b' });
    expect((await ask({ uid: 'other' })).status).toBe(409);
    expect((await ask({}, { boundObjectRef: {} })).body.message).toBe('cannot bind token to object of type /, Kind=');
  });
});
