import { defineKind } from '../../define-kind.ts';
import type { ClusterRole } from '../../generated/types/rbac-v1.ts';
import { validateClusterRole } from './validate.ts';

export const clusterRoles = defineKind<ClusterRole>('rbac.authorization.k8s.io/v1/clusterroles', {
  cached: true,
  strategy: { validateCreate: validateClusterRole, validateUpdate: validateClusterRole },
});
