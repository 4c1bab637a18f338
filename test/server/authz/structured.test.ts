import { describe, expect, test } from 'vitest';
import type { OutboundOptions, OutboundTarget } from '../../../src/server/outbound/contract.ts';
import { createTestCluster } from '../../support/cluster.ts';

const PATH = 'PUT /kedge/v1/configuration/authorization';
const BASE = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthorizationConfiguration' };
const KUBECONFIG = `
apiVersion: v1
kind: Config
current-context: webhook
clusters: [{name: authz, cluster: {server: "https://authz.example.com/ask", certificate-authority: ca.crt}}]
users: [{name: me, user: {token: secret}}]
contexts: [{name: webhook, context: {cluster: authz, user: me}}]
`;
const FILES = { '/etc/authz.kubeconfig': KUBECONFIG, 'ca.crt': 'PEM' };
const CONNECTION = { type: 'KubeConfigFile', kubeConfigFile: '/etc/authz.kubeconfig' };
const WEBHOOK = {
  timeout: '3s',
  subjectAccessReviewVersion: 'v1',
  failurePolicy: 'NoOpinion',
  connectionInfo: CONNECTION,
};
const chain = (webhook: object): object => ({
  ...BASE,
  authorizers: [
    { type: 'Webhook', name: 'first', webhook: { ...WEBHOOK, ...webhook } },
    { type: 'Node', name: 'node' },
    { type: 'RBAC', name: 'rbac' },
  ],
});

type Answer = { allowed?: boolean; denied?: boolean; reason?: string };

async function setUp(answer: (spec: Record<string, never>) => Answer | number) {
  const calls: { target: OutboundTarget; options: OutboundOptions; spec: Record<string, never> }[] = [];
  const cluster = await createTestCluster({
    bootstrap: true,
    outbound: () => ({
      async call(target, options) {
        const { spec } = JSON.parse(String(options.request.body)) as { spec: Record<string, never> };
        calls.push({ target, options, spec });
        const given = answer(spec);
        return typeof given === 'number' ? new Response('no', { status: given }) : Response.json({ status: given });
      },
    }),
  });
  return {
    cluster,
    calls,
    async configure(document: object) {
      const reply = await cluster.send(PATH, { body: { document: JSON.stringify(document), files: FILES } });
      expect([reply.status, reply.status === 200 ? '' : reply.text]).toEqual([200, '']);
      cluster.clock.advance(1_500);
    },
    as: async (user: string, request: string) => {
      const { status, body } = await cluster.send<{ message?: string }>(request, {
        headers: { 'Impersonate-User': user, 'Impersonate-Group': 'devs' },
      });
      return status === 200 ? 200 : `${status} ${body?.message ?? ''}`;
    },
  };
}

const PODS = 'GET /api/v1/namespaces/a/pods?fieldSelector=spec.nodeName%3Dn&labelSelector=app%20in%20(x%2Cy)';

describe('a webhook that authorizes', () => {
  test('is asked with a whole SubjectAccessReview, and its answer is remembered', async () => {
    const { cluster, calls, configure, as } = await setUp(() => ({ allowed: true, reason: 'fine' }));
    await configure(chain({ authorizedTTL: '1m' }));
    expect(await as('jane', PODS)).toBe(200);
    expect(calls).toHaveLength(1);
    expect(calls[0]?.target).toEqual({ url: 'https://authz.example.com/ask' });
    expect(calls[0]?.options).toMatchObject({ caBundle: 'PEM', timeoutMs: 3_000 });
    expect(calls[0]?.options.request.headers).toMatchObject({ Authorization: 'Bearer secret' });
    expect(JSON.parse(String(calls[0]?.options.request.body))).toEqual({
      kind: 'SubjectAccessReview',
      apiVersion: 'authorization.k8s.io/v1',
      metadata: {},
      spec: {
        resourceAttributes: {
          ...{ namespace: 'a', verb: 'list', version: 'v1', resource: 'pods' },
          fieldSelector: { requirements: [{ key: 'spec.nodeName', operator: 'In', values: ['n'] }] },
          labelSelector: { requirements: [{ key: 'app', operator: 'In', values: ['x', 'y'] }] },
        },
        user: 'jane',
        groups: ['devs', 'system:authenticated'],
      },
      status: { allowed: false },
    });
    await as('jane', PODS);
    expect(calls).toHaveLength(1);
    cluster.clock.advance(61_000);
    await as('jane', PODS);
    expect(calls).toHaveLength(2);
    await as('john', PODS);
    expect(calls).toHaveLength(3);
  });

  test('denies before RBAC, leaves it to RBAC without an opinion, and is never asked about administrators', async () => {
    const { calls, configure, as, cluster } = await setUp((spec) =>
      spec.user === 'bad' ? { denied: true, reason: 'never' } : { allowed: false, reason: 'dunno' },
    );
    await configure(chain({}));
    await cluster.send('GET /api/v1/pods');
    expect(calls).toHaveLength(0);
    expect(await as('bad', 'GET /version')).toBe('403 forbidden: User "bad" cannot get path "/version": never');
    expect(await as('jane', 'GET /version')).toBe(200);
    expect(await as('jane', 'GET /api/v1/namespaces/a/pods')).toBe(
      '403 pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "a": dunno',
    );
  });

  test('that fails is followed by the next authorizer, or denies, as its policy says', async () => {
    const { cluster, configure, as } = await setUp(() => 400);
    await configure(chain({}));
    expect(await as('jane', 'GET /version')).toBe(200);
    expect(await as('jane', 'GET /api/v1/namespaces/a/pods')).toMatch(/^500 .*the server answered 400/);
    await configure(chain({ failurePolicy: 'Deny' }));
    expect(await as('jane', 'GET /version')).toMatch(/^500 /);
    expect((await cluster.send('GET /version')).status).toBe(200);
  });

  test('is tried again when it is down', async () => {
    const { cluster, calls, configure, as } = await setUp(() => (calls.length < 3 ? 503 : { allowed: true }));
    await configure(chain({}));
    let answer: string | number | undefined;
    void as('jane', 'GET /api/v1/namespaces/a/pods').then((given) => {
      answer = given;
    });
    for (let i = 0; i < 200 && answer === undefined; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      cluster.clock.advance(100);
    }
    expect([answer, calls.length]).toEqual([200, 3]);
  });

  test('is asked only where its conditions hold; one that fails counts as its policy says', async () => {
    const { calls, configure, as } = await setUp(() => ({ denied: true }));
    const conditions = (...expressions: string[]) => ({
      matchConditionSubjectAccessReviewVersion: 'v1',
      matchConditions: expressions.map((expression) => ({ expression })),
    });
    await configure(
      chain(conditions('has(request.resourceAttributes)', "request.resourceAttributes.namespace == 'secret'")),
    );
    expect(await as('jane', 'GET /version')).toBe(200);
    expect(calls).toHaveLength(0);
    expect(await as('jane', 'GET /api/v1/namespaces/secret/pods')).toMatch(/^403/);
    expect(calls).toHaveLength(1);
    // Without resource attributes the second condition cannot be evaluated; the first one is false, which settles it.
    await configure(
      chain({ ...conditions("request.resourceAttributes.namespace == 'secret'"), failurePolicy: 'Deny' }),
    );
    expect(await as('jane', 'GET /version')).toMatch(/^500 .*no such key: resourceAttributes/);
    expect(calls).toHaveLength(1);
  });

  test('makes the list of what a user may do incomplete', async () => {
    const { cluster, configure } = await setUp(() => ({}));
    const review = async () => {
      const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace: 'a' } };
      const reply = await cluster.send<{ status: object }>(
        'POST /apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
        {
          body,
        },
      );
      return reply.body.status;
    };
    expect(await review()).toMatchObject({ incomplete: false });
    await configure(chain({}));
    expect(await review()).toMatchObject({
      incomplete: true,
      evaluationError: 'webhook authorizer does not support user rule resolution',
    });
  });

  test('of the old version gets the groups under their old name', async () => {
    const { calls, configure, as } = await setUp(() => ({ allowed: true }));
    await configure(chain({ subjectAccessReviewVersion: 'v1beta1' }));
    await as('jane', 'GET /version');
    expect(calls[0]?.spec).toMatchObject({ user: 'jane', group: ['devs', 'system:authenticated'] });
  });
});

describe('the chain', () => {
  test('is what the configuration lists, and the usual one without it', async () => {
    const { cluster, configure, as } = await setUp(() => 500);
    expect(await as('jane', 'GET /api/v1/namespaces/a/pods')).toMatch(/^403/);
    await configure({ ...BASE, authorizers: [{ type: 'AlwaysAllow', name: 'all' }] });
    expect(await as('jane', 'GET /api/v1/namespaces/a/pods')).toBe(200);
    await cluster.send('DELETE /kedge/v1/configuration/authorization');
    cluster.clock.advance(1_500);
    expect(await as('jane', 'GET /api/v1/namespaces/a/pods')).toMatch(/^403/);
  });

  test.each([
    [{ ...BASE }, 'authorizers: Required value: at least one authorization mode must be defined'],
    [
      {
        ...BASE,
        authorizers: [
          { type: 'RBAC', name: 'a' },
          { type: 'RBAC', name: 'b' },
        ],
      },
      'authorizers[1].type: Duplicate value: "RBAC"',
    ],
    [
      { ...BASE, authorizers: [{ type: 'Magic', name: 'a' }] },
      'authorizers[0].type: Unsupported value: "Magic": supported values: "AlwaysAllow", "AlwaysDeny", "Node", "RBAC", "Webhook"',
    ],
    [{ ...BASE, authorizers: [{ type: 'RBAC' }] }, 'authorizers[0].name: Required value'],
    [
      { ...BASE, authorizers: [{ type: 'RBAC', name: 'a', webhook: {} }] },
      'authorizers[0].webhook: Invalid value: "non-null": may only be specified when type=Webhook',
    ],
    [
      chain({ timeout: '1m', failurePolicy: 'Maybe', subjectAccessReviewVersion: 'v2' }),
      '[authorizers[0].timeout: Invalid value: "1m0s": must be > 0s and <= 30s, authorizers[0].subjectAccessReviewVersion: Unsupported value: "v2": supported values: "v1", "v1beta1", authorizers[0].failurePolicy: Unsupported value: "Maybe": supported values: "NoOpinion", "Deny"]',
    ],
    [
      chain({ connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: 'relative' } }),
      'authorizers[0].connectionInfo.kubeConfigFile: Invalid value: "relative": must be an absolute path',
    ],
    [
      chain({ matchConditionSubjectAccessReviewVersion: 'v1', matchConditions: [{ expression: 'request.user' }] }),
      'authorizers[0].matchConditions[0].expression: Invalid value: "request.user": must evaluate to bool but got string',
    ],
    [
      chain({ matchConditions: [{ expression: 'true' }] }),
      'authorizers[0].matchConditionSubjectAccessReviewVersion: Required value: required if match conditions are specified',
    ],
  ])('%# is refused as upstream does', async (document, message) => {
    const { cluster } = await setUp(() => 500);
    const { status, body } = await cluster.send<{ message: string }>(PATH, {
      body: { document: JSON.stringify(document), files: FILES },
    });
    expect([status, body.message]).toEqual([400, message]);
  });
});
