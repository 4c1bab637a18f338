import { roleBindingCells } from '../../cells/groups.ts';
import { defineKind } from '../../define-kind.ts';
import type { RoleBinding } from '../../generated/types/rbac-v1.ts';
import { setBindingDefaults } from './binding-defaults.ts';
import { validateRoleBinding, validateRoleBindingUpdate } from './validate.ts';

export const roleBindings = defineKind<RoleBinding>('rbac.authorization.k8s.io/v1/rolebindings', {
  cached: true,
  defaults: setBindingDefaults,
  cells: roleBindingCells,
  strategy: { validateCreate: validateRoleBinding, validateUpdate: validateRoleBindingUpdate },
});
