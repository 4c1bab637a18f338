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
