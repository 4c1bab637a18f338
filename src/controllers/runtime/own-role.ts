import type { KubeObject } from '../../machinery/meta.ts';
import type { Controller } from './define-controller.ts';

const RBAC = 'rbac.authorization.k8s.io';
const LABELS = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
const ANNOTATIONS = { [`${RBAC}/autoupdate`]: 'true' };

/**
 * Role and binding of a controller that upstream does not have, in the form of upstream's for its own; with another
 * `prefix`, a role beside the one that upstream gives it.
 */
export function ownRole(
  { serviceAccount, permissions }: Pick<Controller, 'serviceAccount' | 'permissions'>,
  prefix = 'system:controller:',
): KubeObject[] {
  const name = `${prefix}${serviceAccount}`;
  const metadata = { name, labels: LABELS, annotations: ANNOTATIONS };
  const rules = [
    ...permissions.map(({ groups, resources, verbs }) => ({ apiGroups: groups, resources, verbs })),
    { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'patch', 'update'] },
  ];
  return [
    { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata, rules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRoleBinding',
      metadata,
      subjects: [{ kind: 'ServiceAccount', name: serviceAccount, namespace: 'kube-system' }],
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name },
    },
  ];
}
