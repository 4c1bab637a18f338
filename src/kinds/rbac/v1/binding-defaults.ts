import type { RoleBinding } from '../../generated/types/rbac-v1.ts';

const GROUP = 'rbac.authorization.k8s.io';

/** Upstream: apis/rbac/v1 SetDefaults_RoleBinding and SetDefaults_Subject. */
export function setBindingDefaults({ roleRef, subjects }: Pick<RoleBinding, 'roleRef' | 'subjects'>): void {
  if (!roleRef.apiGroup) roleRef.apiGroup = GROUP;
  for (const subject of subjects ?? [])
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ??= GROUP;
}
