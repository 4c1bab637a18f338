import { roleBindingCells } from '../../cells/groups.ts';
import { defineKind } from '../../define-kind.ts';
import type { ClusterRoleBinding } from '../../generated/types/rbac-v1.ts';
import { setBindingDefaults } from './binding-defaults.ts';
import { validateClusterRoleBinding, validateClusterRoleBindingUpdate } from './validate.ts';

export const clusterRoleBindings = defineKind<ClusterRoleBinding>('rbac.authorization.k8s.io/v1/clusterrolebindings', {
  cached: true,
  defaults: setBindingDefaults,
  cells: roleBindingCells,
  strategy: { validateCreate: validateClusterRoleBinding, validateUpdate: validateClusterRoleBindingUpdate },
});
