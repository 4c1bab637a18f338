import { defineKind } from '../../define-kind.ts';
import type { ClusterRoleBinding } from '../../generated/types/rbac-v1.ts';

export const clusterRoleBindings = defineKind<ClusterRoleBinding>(
  'rbac.authorization.k8s.io/v1/clusterrolebindings',
  {},
);
