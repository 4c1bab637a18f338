import { expect, it } from 'vitest';
import { createTestCluster } from '../../support/cluster.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1/namespaces/default';
const GROUP = 'rbac.authorization.k8s.io';
const jane = { name: 'jane', groups: ['system:authenticated'] };

it('lets who may write roles write what changes nothing, and names a missing role by the resource of the request', async () => {
  const cluster = await createTestCluster({ bootstrap: true });
  const secrets = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }];
  const editing = [{ apiGroups: [GROUP], resources: ['roles', 'rolebindings'], verbs: ['create', 'patch', 'get'] }];
  await cluster.send(`POST ${RBAC}/roles`, { body: { metadata: { name: 'more' }, rules: secrets } });
  await cluster.send(`POST ${RBAC}/roles`, { body: { metadata: { name: 'editor' }, rules: editing } });
  const subjects = [{ kind: 'User', apiGroup: GROUP, name: 'jane' }];
  const binding = (name: string) => ({
    metadata: { name },
    subjects,
    roleRef: { apiGroup: GROUP, kind: 'Role', name },
  });
  await cluster.send(`POST ${RBAC}/rolebindings`, { body: binding('editor') });

  const patch = (rules: object[]) =>
    cluster.send(`PATCH ${RBAC}/roles/more`, { body: { rules }, type: 'application/merge-patch+json', as: jane });
  expect((await patch(secrets)).status).toBe(200);
  expect((await patch([...secrets, { apiGroups: [''], resources: ['pods'], verbs: ['get'] }])).status).toBe(403);
  const lost = await cluster.send<{ message: string }>(`POST ${RBAC}/rolebindings`, {
    body: binding('lost'),
    as: jane,
  });
  expect(lost.body.message).toBe('rolebindings.rbac.authorization.k8s.io "lost" not found');
});

const CLUSTER = '/apis/rbac.authorization.k8s.io/v1';
const rule = (verbs: string[], resources: string[] = ['pods']) => ({ apiGroups: [''], resources, verbs });

/** A cluster in which jane may write roles and bindings, and `rules` more. */
async function clusterOfJane(...rules: object[]) {
  const cluster = await createTestCluster({ bootstrap: true });
  const resources = ['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings'];
  const writing = { apiGroups: [GROUP], resources, verbs: ['create', 'update', 'patch', 'get'] };
  await cluster.send(`POST ${CLUSTER}/clusterroles`, {
    body: { metadata: { name: 'writer' }, rules: [writing, ...rules] },
  });
  const roleRef = { apiGroup: GROUP, kind: 'ClusterRole', name: 'writer' };
  const subjects = [{ kind: 'User', apiGroup: GROUP, name: 'jane' }];
  await cluster.send(`POST ${CLUSTER}/clusterrolebindings`, {
    body: { metadata: { name: 'writer' }, roleRef, subjects },
  });
  const as = (request: string, body: object, type?: string) =>
    cluster.send<{ message?: string }>(request, { body, as: jane, ...(type ? { type } : {}) });
  return { cluster, as };
}

it('names each missing right, joined by verb on resources only', async () => {
  const { as } = await clusterOfJane();
  const urls = { nonResourceURLs: ['/x'], verbs: ['get', 'put'] };
  const rules = [rule(['list', 'get', 'list']), urls];
  const answer = await as(`POST ${CLUSTER}/clusterroles`, { metadata: { name: 'r' }, rules });
  expect(answer.body.message?.split('\n').slice(1)).toEqual([
    '{APIGroups:[""], Resources:["pods"], Verbs:["list" "get" "list"]}',
    '{NonResourceURLs:["/x"], Verbs:["get"]}',
    '{NonResourceURLs:["/x"], Verbs:["put"]}',
  ]);
});

it('wants everything of who writes a role that gathers others, whatever is changed of it', async () => {
  const { cluster, as } = await clusterOfJane();
  const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] };
  await cluster.send(`POST ${CLUSTER}/clusterroles`, {
    body: { metadata: { name: 'all' }, rules: [], aggregationRule },
  });
  const why =
    'clusterroles.rbac.authorization.k8s.io "all" is forbidden: must have cluster-admin privileges to use the aggregationRule';
  const merge = 'application/merge-patch+json';
  for (const body of [{ metadata: { labels: { c: 'd' } } }, { aggregationRule: null }])
    expect((await as(`PATCH ${CLUSTER}/clusterroles/all`, body, merge)).body.message).toBe(why);
});

it('lets a right to escalate one role cover an apply that makes it, and no other creation', async () => {
  const { as } = await clusterOfJane({
    apiGroups: [GROUP],
    resources: ['clusterroles'],
    verbs: ['escalate'],
    resourceNames: ['r'],
  });
  const role = (name: string) => ({
    apiVersion: `${GROUP}/v1`,
    kind: 'ClusterRole',
    metadata: { name },
    rules: [rule(['get'])],
  });
  const apply = (name: string) =>
    as(`PATCH ${CLUSTER}/clusterroles/${name}?fieldManager=m`, role(name), 'application/apply-patch+yaml');
  expect((await as(`POST ${CLUSTER}/clusterroles`, role('r'))).status).toBe(403);
  expect((await apply('s')).status).toBe(403);
  expect((await apply('r')).status).toBe(201);
});

it('tells by which subject of a binding somebody is allowed: the first that names him', async () => {
  const { cluster } = await clusterOfJane();
  const roleRef = { apiGroup: GROUP, kind: 'ClusterRole', name: 'view' };
  const subjects = ['g', 'h'].map((name) => ({ kind: 'Group', apiGroup: GROUP, name }));
  await cluster.send(`POST ${CLUSTER}/clusterroles`, { body: { metadata: { name: 'pods' }, rules: [rule(['get'])] } });
  await cluster.send(`POST ${CLUSTER}/clusterrolebindings`, {
    body: { metadata: { name: 'b' }, roleRef: { ...roleRef, name: 'pods' }, subjects },
  });
  const spec = { user: 'x', groups: ['h', 'g'], resourceAttributes: { verb: 'get', resource: 'pods' } };
  const answer = await cluster.send<{ status: { reason: string } }>(
    'POST /apis/authorization.k8s.io/v1/subjectaccessreviews',
    { body: { spec } },
  );
  expect(answer.body.status.reason).toBe('RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "pods" to Group "g"');
});

it('tells a lack of rights before a version that is out of date', async () => {
  const { cluster, as } = await clusterOfJane();
  await cluster.send(`POST ${CLUSTER}/clusterroles`, { body: { metadata: { name: 'r' }, rules: [] } });
  const put = (rules: object[]) =>
    as(`PUT ${CLUSTER}/clusterroles/r`, { metadata: { name: 'r', resourceVersion: '1' }, rules });
  expect((await put([rule(['get'])])).status).toBe(403);
  expect((await put([])).status).toBe(409);
});
