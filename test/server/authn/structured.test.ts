import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import type { Outbound, OutboundOptions } from '../../../src/server/outbound/contract.ts';
import { createTestCluster, type TestCluster } from '../../support/cluster.ts';

const ISSUER = 'https://issuer.example.com';
const PATH = 'PUT /kedge/v1/configuration/authentication';
const BASE = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration' };
const MINIMAL = {
  issuer: { url: ISSUER, audiences: ['kedge'] },
  claimMappings: { username: { claim: 'sub', prefix: 'ext:' } },
};

interface Issuer {
  outbound: Outbound;
  calls: { url: string; options: OutboundOptions }[];
  /** Signs claims with the newest key. */
  token(claims: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
  /** Makes a new key, the only one from now on. */
  rotate(): Promise<void>;
}

/** An issuer whose documents are answered by an outbound of the test. */
async function createIssuer(now: () => number, url = ISSUER): Promise<Issuer> {
  let generation = 0;
  let pair = await generateKeyPair('ES256');
  const calls: Issuer['calls'] = [];
  const issuer: Issuer = {
    calls,
    async rotate() {
      generation++;
      pair = await generateKeyPair('ES256');
    },
    async token(claims, header = {}) {
      const seconds = Math.floor(now() / 1_000);
      return new SignJWT({ iss: url, aud: 'kedge', sub: 'jane', exp: seconds + 600, iat: seconds, ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: `key-${generation}`, ...header })
        .sign(pair.privateKey);
    },
    outbound: {
      async call(target, options) {
        const called = 'url' in target ? target.url : '';
        calls.push({ url: called, options });
        if (called.endsWith('/.well-known/openid-configuration') || called === 'https://internal.example.com/discovery')
          return Response.json({ issuer: url, jwks_uri: `${url}/keys` });
        if (called === `${url}/keys`) {
          const jwk = await exportJWK(pair.publicKey);
          return Response.json({ keys: [{ ...jwk, kid: `key-${generation}`, alg: 'ES256', use: 'sig' }] });
        }
        if (called === 'https://moved.example.com/.well-known/openid-configuration')
          return new Response(null, { status: 302, headers: { Location: `${url}/.well-known/openid-configuration` } });
        if (called === 'https://groups.example.com/jane') {
          const asked = new Headers(options.request.headers as Record<string, string>);
          if (asked.get('authorization') !== 'Bearer for-jane') return new Response('no', { status: 403 });
          return new Response(await issuer.token({ roles: ['far'] }));
        }
        return new Response('nothing here', { status: 404 });
      },
    },
  };
  return issuer;
}

interface Setup {
  cluster: TestCluster;
  issuer: Issuer;
  configure(jwt: object[], rest?: object): Promise<void>;
  /** Who a token is, as `kubectl auth whoami` asks; the status for a token that is refused. */
  whoami(token: string): Promise<unknown>;
}

async function setUp(): Promise<Setup> {
  const holder: { issuer?: Issuer } = {};
  const cluster = await createTestCluster({
    bootstrap: true,
    outbound: () => ({ call: (...args) => (holder.issuer as Issuer).outbound.call(...args) }),
  });
  const issuer = await createIssuer(cluster.clock.now);
  holder.issuer = issuer;
  return {
    cluster,
    issuer,
    async configure(jwt, rest = {}) {
      const { status, text } = await cluster.send(PATH, { body: { ...BASE, jwt, ...rest } });
      expect([status, status === 200 ? '' : text]).toEqual([200, '']);
      cluster.clock.advance(1_500);
    },
    async whoami(token) {
      const { status, body } = await cluster.send<{ status: { userInfo: object } }>(
        'POST /apis/authentication.k8s.io/v1/selfsubjectreviews',
        {
          body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
          headers: { Authorization: `Bearer ${token}` },
        },
      );
      return status === 201 ? body.status.userInfo : status;
    },
  };
}

describe('users of an issuer', () => {
  test('get their name, groups, uid and extra from claims and expressions', async () => {
    const { issuer, configure, whoami } = await setUp();
    await configure([
      {
        ...MINIMAL,
        claimMappings: {
          username: { expression: '"oidc:" + claims.sub' },
          groups: { claim: 'roles', prefix: 'org:' },
          uid: { claim: 'oid' },
          extra: [
            { key: 'example.org/tenant', valueExpression: 'claims.tenant' },
            { key: 'example.org/nothing', valueExpression: 'claims.?missing.orValue("")' },
            { key: 'example.org/dotted', valueExpression: 'claims.example__dot__org__slash__level' },
          ],
        },
      },
    ]);
    const claims = { roles: ['dev', 'ops'], oid: 'u-1', tenant: ['a', '', 'b'], 'example.org/level': 'x', jti: '42' };
    expect(await whoami(await issuer.token(claims))).toEqual({
      username: 'oidc:jane',
      uid: 'u-1',
      groups: ['org:dev', 'org:ops', 'system:authenticated'],
      extra: {
        'authentication.kubernetes.io/credential-id': ['JTI=42'],
        'example.org/dotted': ['x'],
        'example.org/tenant': ['a', 'b'],
      },
    });
    expect(await whoami(await issuer.token({ ...claims, roles: 'single' }))).toMatchObject({
      groups: ['org:single', 'system:authenticated'],
    });
  });

  test('are refused with a wrong audience, issuer, time or signature', async () => {
    const { cluster, issuer, configure, whoami } = await setUp();
    await configure([MINIMAL]);
    expect(await whoami(await issuer.token({}))).toMatchObject({ username: 'ext:jane' });
    const now = Math.floor(cluster.clock.now() / 1_000);
    expect(await whoami(await issuer.token({ aud: ['other'] }))).toBe(401);
    expect(await whoami(await issuer.token({ aud: ['other', 'kedge'] }))).toMatchObject({ username: 'ext:jane' });
    expect(await whoami(await issuer.token({ iss: 'https://other.example.com' }))).toBe(401);
    expect(await whoami(await issuer.token({ exp: now - 1 }))).toBe(401);
    expect(await whoami(await issuer.token({ nbf: now + 400 }))).toBe(401);
    expect(await whoami(await issuer.token({ nbf: now + 200 }))).toMatchObject({ username: 'ext:jane' });
    const forged = await createIssuer(cluster.clock.now);
    expect(await whoami(await forged.token({}))).toBe(401);
    const unsigned = `${btoa('{"alg":"none"}')}.${btoa(JSON.stringify({ iss: ISSUER, aud: 'kedge', sub: 'jane', exp: now + 60 }))}.`;
    expect(await whoami(unsigned.replaceAll('=', ''))).toBe(401);
  });

  test('must pass the rules on claims and on the user; TokenReview says which one failed', async () => {
    const { cluster, issuer, configure, whoami } = await setUp();
    await configure([
      {
        ...MINIMAL,
        claimMappings: { username: { claim: 'sub', prefix: '' } },
        claimValidationRules: [
          { claim: 'hd', requiredValue: 'example.com' },
          { expression: 'claims.exp - claims.iat <= 86400', message: 'too long' },
        ],
        userValidationRules: [{ expression: "!user.username.startsWith('system:')", message: 'reserved name' }],
      },
    ]);
    const now = Math.floor(cluster.clock.now() / 1_000);
    const review = async (token: string) => {
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
      const reply = await cluster.send<{ status: { error?: string } }>(
        'POST /apis/authentication.k8s.io/v1/tokenreviews',
        { body },
      );
      return reply.body.status.error ?? '';
    };
    expect(await whoami(await issuer.token({ hd: 'example.com' }))).toMatchObject({ username: 'jane' });
    expect(await review(await issuer.token({}))).toContain('oidc: required claim hd not present in ID token');
    expect(await review(await issuer.token({ hd: 'evil.com' }))).toContain(
      'oidc: required claim hd value does not match. Got = evil.com, want = example.com',
    );
    expect(await review(await issuer.token({ hd: 'example.com', exp: now + 200_000 }))).toContain(
      "oidc: error evaluating claim validation expression: validation expression 'claims.exp - claims.iat <= 86400' failed: too long",
    );
    expect(await review(await issuer.token({ hd: 'example.com', sub: 'system:admin' }))).toContain(
      'failed: reserved name',
    );
    expect(await review(await issuer.token({ hd: 'example.com', aud: 'x' }))).toContain(
      'oidc: expected audience in ["kedge"] got ["x"]',
    );
  });

  test('may have their groups elsewhere', async () => {
    const { issuer, configure, whoami } = await setUp();
    await configure([
      { ...MINIMAL, claimMappings: { ...MINIMAL.claimMappings, groups: { claim: 'roles', prefix: '' } } },
    ]);
    const source = { endpoint: 'https://groups.example.com/jane', access_token: 'for-jane' };
    const claims = { _claim_names: { roles: 'src' }, _claim_sources: { src: source } };
    expect(await whoami(await issuer.token(claims))).toMatchObject({ groups: ['far', 'system:authenticated'] });
    expect(await whoami(await issuer.token({ ...claims, roles: 'near' }))).toMatchObject({
      groups: ['near', 'system:authenticated'],
    });
    const wrong = { ...claims, _claim_sources: { src: { ...source, access_token: 'other' } } };
    expect(await whoami(await issuer.token(wrong))).toBe(401);
    expect(await whoami(await issuer.token({ ...claims, _claim_sources: {} }))).toBe(401);
  });

  test('an unverified e-mail address is no name', async () => {
    const { issuer, configure, whoami } = await setUp();
    await configure([{ ...MINIMAL, claimMappings: { username: { claim: 'email', prefix: '' } } }]);
    expect(await whoami(await issuer.token({ email: 'a@b.c', email_verified: false }))).toBe(401);
    expect(await whoami(await issuer.token({ email: 'a@b.c', email_verified: true }))).toMatchObject({
      username: 'a@b.c',
    });
    expect(await whoami(await issuer.token({ email: 'a@b.c' }))).toMatchObject({ username: 'a@b.c' });
    expect(await whoami(await issuer.token({}))).toBe(401);
  });
});

describe('several issuers', () => {
  test('each map their own users, and none speaks for another', async () => {
    const second = 'https://second.example.com';
    const { cluster, issuer, configure, whoami } = await setUp();
    const other = await createIssuer(cluster.clock.now, second);
    const { outbound } = issuer;
    issuer.outbound = {
      call: (target, options) =>
        ('url' in target && target.url.startsWith(second) ? other.outbound : outbound).call(target, options),
    };
    await configure([
      MINIMAL,
      {
        issuer: { url: second, audiences: ['x', 'kedge'], audienceMatchPolicy: 'MatchAny' },
        claimMappings: { username: { claim: 'mail', prefix: 'two:' } },
      },
    ]);
    expect(await whoami(await issuer.token({ mail: 'a' }))).toMatchObject({ username: 'ext:jane' });
    expect(await whoami(await other.token({ mail: 'a' }))).toMatchObject({ username: 'two:a' });
    expect(await whoami(await other.token({ mail: 'a', aud: 'x' }))).toMatchObject({ username: 'two:a' });
    expect(await whoami(await issuer.token({ iss: second, mail: 'a' }))).toBe(401);
    expect(await whoami(await other.token({ iss: ISSUER }))).toBe(401);
  });

  test('leave tokens of service accounts alone', async () => {
    const { cluster, configure, whoami } = await setUp();
    await configure([MINIMAL]);
    const account = '/api/v1/namespaces/kube-system/serviceaccounts';
    await cluster.send(`POST ${account}`, { body: { metadata: { name: 'robot' } } });
    const { body } = await cluster.send<{ status: { token: string } }>(`POST ${account}/robot/token`, {
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
    });
    expect(await whoami(body.status.token)).toMatchObject({ username: 'system:serviceaccount:kube-system:robot' });
  });
});

describe('the keys of an issuer', () => {
  test('are asked for once, and again when a token names a new one, within bounds', async () => {
    const { cluster, issuer, configure, whoami } = await setUp();
    await configure([MINIMAL]);
    await whoami(await issuer.token({}));
    await whoami(await issuer.token({ sub: 'john' }));
    expect(issuer.calls.map(({ url }) => url)).toEqual([
      `${ISSUER}/.well-known/openid-configuration`,
      `${ISSUER}/keys`,
    ]);
    expect(issuer.calls[0]?.options).toMatchObject({ timeoutMs: 10_000, maxBytes: 1024 * 1024 });
    await issuer.rotate();
    cluster.clock.advance(6_000);
    expect(await whoami(await issuer.token({}))).toMatchObject({ username: 'ext:jane' });
    expect(issuer.calls).toHaveLength(3);
    // Made-up keys do not make the control plane call the issuer again and again.
    for (let i = 0; i < 5; i++) expect(await whoami(await issuer.token({}, { kid: `made-up-${i}` }))).toBe(401);
    expect(issuer.calls).toHaveLength(3);
    cluster.clock.advance(6_000);
    for (let i = 0; i < 5; i++) expect(await whoami(await issuer.token({}, { kid: `made-up-${i}` }))).toBe(401);
    expect(issuer.calls).toHaveLength(4);
  });

  test('come from the discovery URL with the authority that is configured; redirects are followed', async () => {
    const { issuer, configure, whoami } = await setUp();
    const certificateAuthority = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    const discoveryURL = 'https://internal.example.com/discovery';
    await configure([{ ...MINIMAL, issuer: { ...MINIMAL.issuer, discoveryURL, certificateAuthority } }]);
    expect(await whoami(await issuer.token({}))).toMatchObject({ username: 'ext:jane' });
    expect(issuer.calls[0]).toMatchObject({ url: discoveryURL, options: { caBundle: certificateAuthority } });
    const moved = 'https://moved.example.com/.well-known/openid-configuration';
    await configure([{ ...MINIMAL, issuer: { ...MINIMAL.issuer, discoveryURL: moved } }]);
    expect(await whoami(await issuer.token({}))).toMatchObject({ username: 'ext:jane' });
  });

  test('an issuer that cannot be reached is tried again after ten seconds', async () => {
    const { cluster, issuer, configure, whoami } = await setUp();
    const { call } = issuer.outbound;
    issuer.outbound.call = async () => new Response('down', { status: 503 });
    await configure([MINIMAL]);
    expect(await whoami(await issuer.token({}))).toBe(401);
    issuer.outbound.call = call;
    expect(await whoami(await issuer.token({}))).toBe(401);
    cluster.clock.advance(11_000);
    expect(await whoami(await issuer.token({}))).toMatchObject({ username: 'ext:jane' });
  });
});

describe('the configuration', () => {
  test('takes effect while the cluster runs, for tokens that were seen before too', async () => {
    const { cluster, issuer, configure, whoami } = await setUp();
    const token = await issuer.token({ name: 'Jane' });
    expect(await whoami(token)).toBe(401);
    await configure([MINIMAL]);
    expect(await whoami(token)).toMatchObject({ username: 'ext:jane' });
    await configure([{ ...MINIMAL, claimMappings: { username: { claim: 'name', prefix: '' } } }]);
    expect(await whoami(token)).toMatchObject({ username: 'Jane' });
    await cluster.send('DELETE /kedge/v1/configuration/authentication');
    cluster.clock.advance(1_500);
    expect(await whoami(token)).toBe(401);
  });

  test('lets anonymous requests in at the paths it names only', async () => {
    const { cluster, configure } = await setUp();
    const anonymous = async (path: string) =>
      (await cluster.send(`GET ${path}`, { headers: { Authorization: '' } })).status;
    expect([await anonymous('/healthz'), await anonymous('/version'), await anonymous('/api/v1/pods')]).toEqual([
      200, 200, 403,
    ]);
    await configure([], { anonymous: { enabled: true, conditions: [{ path: '/healthz' }] } });
    expect([await anonymous('/healthz'), await anonymous('/version'), await anonymous('/api/v1/pods')]).toEqual([
      200, 401, 401,
    ]);
    await configure([], { anonymous: { enabled: false } });
    expect(await anonymous('/healthz')).toBe(401);
    await configure([], { anonymous: { enabled: true } });
    expect(await anonymous('/version')).toBe(200);
  });

  test('is for administrators', async () => {
    const { cluster } = await setUp();
    const call = { as: undefined, body: { ...BASE, jwt: [] }, headers: { Authorization: 'Bearer wrong' } };
    expect((await cluster.send(PATH, call)).status).toBe(401);
    expect((await cluster.send('GET /kedge/v1/configuration/nonsense')).status).toBe(404);
  });

  const reject = async (document: object): Promise<string> => {
    const { cluster } = await setUp();
    const { status, body } = await cluster.send<{ message: string }>(PATH, { body: document });
    expect(status).toBe(400);
    return body.message;
  };
  const withJwt = (over: object): object => ({ ...BASE, jwt: [{ ...MINIMAL, ...over }] });

  test.each([
    [{ ...BASE, jwt: [{ ...MINIMAL, wrong: 1 }] }, 'strict decoding error: unknown field "jwt[0].wrong"'],
    [{ ...BASE, jwt: [MINIMAL, MINIMAL] }, 'jwt[1].issuer.url: Duplicate value: "https://issuer.example.com"'],
    [
      withJwt({ issuer: { url: 'http://a', audiences: ['x'] } }),
      'jwt[0].issuer.url: Invalid value: "http://a": URL scheme must be https',
    ],
    [
      withJwt({ issuer: { url: 'https://u:p@a?q=1#f', audiences: ['x'] } }),
      '[jwt[0].issuer.url: Invalid value: "https://u:p@a?q=1#f": URL must not contain a username or password, jwt[0].issuer.url: Invalid value: "https://u:p@a?q=1#f": URL must not contain a query, jwt[0].issuer.url: Invalid value: "https://u:p@a?q=1#f": URL must not contain a fragment]',
    ],
    [
      withJwt({ issuer: { url: 'https://kubernetes.default.svc.cluster.local', audiences: ['x'] } }),
      'jwt[0].issuer.url: Invalid value: "https://kubernetes.default.svc.cluster.local": URL must not overlap with disallowed issuers: [https://kubernetes.default.svc.cluster.local]',
    ],
    [
      withJwt({ issuer: { url: ISSUER } }),
      'jwt[0].issuer.audiences: Required value: at least one jwt[0].issuer.audiences is required',
    ],
    [
      withJwt({ issuer: { url: ISSUER, audiences: ['a', 'b'] } }),
      'jwt[0].issuer.audienceMatchPolicy: Invalid value: "": audienceMatchPolicy must be MatchAny for multiple audiences',
    ],
    [
      withJwt({ claimMappings: { username: { claim: 'sub' } } }),
      'jwt[0].claimMappings.username.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing',
    ],
    [
      withJwt({ claimMappings: { username: {} } }),
      'jwt[0].claimMappings.username: Required value: claim or expression is required',
    ],
    [
      withJwt({ claimMappings: { username: { expression: 'claims.email' } } }),
      'jwt[0].claimMappings.username.expression: Invalid value: "claims.email": claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression',
    ],
    [
      withJwt({ claimMappings: { username: { expression: 'nothing.sub' } } }),
      "jwt[0].claimMappings.username.expression: Invalid value: \"nothing.sub\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'nothing' (in container '')\n | nothing.sub\n | ^",
    ],
    [
      withJwt({ claimValidationRules: [{ expression: 'claims.sub' }] }),
      'jwt[0].claimValidationRules[0].expression: Invalid value: "claims.sub": must evaluate to bool',
    ],
    [
      withJwt({
        claimMappings: {
          username: { claim: 'sub', prefix: '' },
          extra: [
            { key: 'plain', valueExpression: '"a"' },
            { key: 'x.kubernetes.io/a', valueExpression: '"a"' },
          ],
        },
      }),
      '[jwt[0].claimMappings.extra[0].key: Invalid value: "plain": must be a domain-prefixed path (such as "acme.io/foo"), jwt[0].claimMappings.extra[1].key: Invalid value: "x.kubernetes.io/a": k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use]',
    ],
    [withJwt({ userValidationRules: [{}] }), 'jwt[0].userValidationRules[0].expression: Required value'],
  ])('%# is refused as upstream does', async (document, message) => {
    expect(await reject(document)).toBe(message);
  });
});
