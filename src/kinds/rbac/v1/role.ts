import { defineKind } from '../../define-kind.ts';
import type { Role } from '../../generated/types/rbac-v1.ts';
import { validateRole } from './validate.ts';

export const roles = defineKind<Role>('rbac.authorization.k8s.io/v1/roles', {
  cached: true,
  strategy: { validateCreate: validateRole, validateUpdate: validateRole },
});
