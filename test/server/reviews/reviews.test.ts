import { describe, expect, it } from 'vitest';
import { createTestCluster, type TestCluster } from '../../support/cluster.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const jane = { name: 'jane', groups: ['system:authenticated'] };

async function clusterWithJane(): Promise<TestCluster> {
  const cluster = await createTestCluster({ bootstrap: true });
  const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' };
  const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'jane' }];
  await cluster.send(`POST ${RBAC}/namespaces/default/roles`, { body: { metadata: { name: 'reader' }, rules } });
  await cluster.send(`POST ${RBAC}/namespaces/default/rolebindings`, {
    body: { metadata: { name: 'b' }, roleRef, subjects },
  });
  return cluster;
}

interface Answer {
  metadata: object;
  status: { allowed: boolean; reason?: string };
}

const ask = async (cluster: TestCluster, resourceAttributes: object) =>
  (
    await cluster.send<Answer>('POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      body: { spec: { resourceAttributes } },
      as: jane,
    })
  ).body.status;

describe('access reviews', () => {
  it('check the selectors that they ask about, and tell what they left out', async () => {
    const cluster = await clusterWithJane();
    const path = 'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
    const send = (selectors: object) =>
      cluster.send<{ message?: string; status: { evaluationError?: string } }>(path, {
        body: { spec: { resourceAttributes: { verb: 'list', resource: 'pods', ...selectors } } },
      });
    const empty = await send({
      labelSelector: {},
      fieldSelector: { requirements: [{ operator: 'In', values: ['b'] }] },
    });
    expect(empty.body.message).toBe(
      '.authorization.k8s.io "" is invalid: [spec.resourceAttributes.fieldSelector.requirements[0].key: Required value: must be specified, spec.resourceAttributes.labelSelector.requirements: Required value: when spec.resourceAttributes.labelSelector is specified, requirements or rawSelector is required]',
    );
    const requirements = [
      { key: 'a', operator: 'In', values: ['b'] },
      { key: 'a', operator: 'Odd', values: ['b'] },
    ];
    const odd = await send({ labelSelector: { requirements }, fieldSelector: { rawSelector: 'nonsense' } });
    expect(odd.body.status.evaluationError).toBe(
      'spec.resourceAttributes.fieldSelector ignored due to parse error; spec.resourceAttributes.labelSelector partially ignored due to parse error',
    );
  });

  it('overlook metadata that only the server sets, and show the rest in its order', async () => {
    const cluster = await clusterWithJane();
    const send = (metadata: object) =>
      cluster.send<{ message?: string }>(
        'POST /apis/authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews',
        { body: { metadata, spec: { user: 'x', resourceAttributes: { namespace: 'default', verb: 'get' } } } },
      );
    expect((await send({ uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z', selfLink: 'x' })).status).toBe(201);
    expect((await send({ labels: { a: 'b' } })).body.message).toContain(
      'metadata: Invalid value: {"namespace":"default","labels":{"a":"b"},"managedFields":[',
    );
    const nowhere = await cluster.send('POST /apis/authorization.k8s.io/v1/localsubjectaccessreviews', { body: {} });
    expect(nowhere.status).toBe(404);
  });

  it('answer what the authorizer would, with its reason', async () => {
    const cluster = await clusterWithJane();
    expect(await ask(cluster, { namespace: 'default', verb: 'list', resource: 'pods' })).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "b/default" of Role "reader" to User "jane"',
    });
    expect(await ask(cluster, { namespace: 'kube-system', verb: 'list', resource: 'pods' })).toEqual({
      allowed: false,
    });
    expect(await ask(cluster, { namespace: 'default', verb: 'delete', resource: 'pods' })).toEqual({ allowed: false });
  });

  it('see a binding that was taken back', async () => {
    const cluster = await clusterWithJane();
    await cluster.send(`DELETE ${RBAC}/namespaces/default/rolebindings/b`);
    expect((await ask(cluster, { namespace: 'default', verb: 'list', resource: 'pods' })).allowed).toBe(false);
  });
});

describe('escalation', () => {
  const role = (rules: object[]) => ({ metadata: { name: 'r' }, rules });
  const author = {
    apiGroups: ['rbac.authorization.k8s.io'],
    resources: ['roles', 'rolebindings'],
    verbs: ['create', 'patch'],
  };

  it('is stopped for roles and bindings, not for rights held', async () => {
    const cluster = await clusterWithJane();
    await cluster.send(`PATCH ${RBAC}/namespaces/default/roles/reader`, {
      body: { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }, author] },
    });
    const create = (body: object) =>
      cluster.send<{ metadata: object; message: string }>(`POST ${RBAC}/namespaces/default/roles`, { body, as: jane });
    const secrets = await create(role([{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list'] }]));
    expect(secrets.status).toBe(403);
    expect(secrets.body.message).toContain('{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}');
    expect((await create(role([{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]))).status).toBe(201);
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' };
    const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'jane' }];
    const bound = await cluster.send(`POST ${RBAC}/namespaces/default/rolebindings`, {
      body: { metadata: { name: 'admin' }, roleRef, subjects },
      as: jane,
    });
    expect(bound.status).toBe(403);
    const grown = await cluster.send(`PATCH ${RBAC}/namespaces/default/roles/r`, {
      body: { rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] },
      as: jane,
    });
    expect(grown.status).toBe(403);
  });
});

describe('impersonation', () => {
  it('needs the right for each user, group and extra value', async () => {
    const cluster = await clusterWithJane();
    const rules = [
      { apiGroups: [''], resources: ['users'], verbs: ['impersonate'], resourceNames: ['joe'] },
      { apiGroups: [''], resources: ['groups'], verbs: ['impersonate'], resourceNames: ['dev'] },
    ];
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'imp' };
    const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'jane' }];
    await cluster.send(`POST ${RBAC}/clusterroles`, { body: { metadata: { name: 'imp' }, rules } });
    await cluster.send(`POST ${RBAC}/clusterrolebindings`, { body: { metadata: { name: 'imp' }, roleRef, subjects } });
    const act = async (headers: Record<string, string>) =>
      (await cluster.send('POST /apis/authentication.k8s.io/v1/selfsubjectreviews', { body: {}, headers, as: jane }))
        .status;
    expect(await act({ 'Impersonate-User': 'joe' })).toBe(201);
    expect(await act({ 'Impersonate-User': 'joe', 'Impersonate-Group': 'dev' })).toBe(201);
    expect(await act({ 'Impersonate-User': 'joe', 'Impersonate-Group': 'dev, system:masters' })).toBe(403);
    expect(await act({ 'Impersonate-User': 'joe', 'Impersonate-Extra-Scopes': 'all' })).toBe(403);
    expect(await act({ 'Impersonate-User': 'kubernetes-admin' })).toBe(403);
    expect(await act({ 'Impersonate-Group': 'system:masters' })).toBe(400);
  });
});
