/** Rules of roles and bindings. Upstream: pkg/apis/rbac/validation. */
import { memberOf } from '../../../machinery/own-member.ts';
import type { FieldError } from '../../../machinery/status.ts';
import {
  dns1123Subdomain,
  invalidError,
  invalidErrors,
  notSupportedError,
  pathSegment,
  requiredError,
} from '../../../machinery/validation/index.ts';
import { equalJson } from '../../equal-json.ts';
import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  Subject,
} from '../../generated/types/rbac-v1.ts';
import { validateLabelSelector } from '../../label-selector.ts';

const GROUP = 'rbac.authorization.k8s.io';

function validateRules(rules: readonly PolicyRule[] | null | undefined, namespaced: boolean): FieldError[] {
  return (rules ?? []).flatMap((rule, index) => {
    const at = `rules[${index}]`;
    const errors: FieldError[] = [];
    const urls = rule.nonResourceURLs ?? [];
    if (!rule.verbs?.length) errors.push(requiredError(`${at}.verbs`, 'verbs must contain at least one value'));
    if (urls.length > 0) {
      if (namespaced)
        errors.push(invalidError(`${at}.nonResourceURLs`, urls, 'namespaced rules cannot apply to non-resource URLs'));
      if (rule.apiGroups?.length || rule.resources?.length || rule.resourceNames?.length) {
        errors.push(
          invalidError(
            `${at}.nonResourceURLs`,
            urls,
            'rules cannot apply to both regular resources and non-resource URLs',
          ),
        );
      }
      return errors;
    }
    if (!rule.apiGroups?.length)
      errors.push(requiredError(`${at}.apiGroups`, 'resource rules must supply at least one api group'));
    if (!rule.resources?.length)
      errors.push(requiredError(`${at}.resources`, 'resource rules must supply at least one resource'));
    return errors;
  });
}

export const validateRole = (role: Role): FieldError[] => validateRules(role.rules, true);

export function validateClusterRole({ rules, aggregationRule }: ClusterRole): FieldError[] {
  const errors = validateRules(rules, false);
  if (!aggregationRule) return errors;
  const at = 'aggregationRule.clusterRoleSelectors';
  if (!aggregationRule.clusterRoleSelectors?.length)
    errors.push(requiredError(at, 'at least one clusterRoleSelector required if aggregationRule is non-nil'));
  for (const [index, selector] of (aggregationRule.clusterRoleSelectors ?? []).entries()) {
    const faults = validateLabelSelector(selector, `${at}[${index}]`);
    errors.push(...faults);
    if (faults.length > 0) errors.push(invalidError(`${at}[${index}]`, null, 'invalid label selector.'));
  }
  return errors;
}

const SUBJECT_GROUPS: Readonly<Record<string, string>> = { ServiceAccount: '', User: GROUP, Group: GROUP };

function validateSubject(
  { kind, name, namespace, apiGroup = '' }: Subject,
  path: string,
  namespaced: boolean,
): FieldError[] {
  const errors: FieldError[] = [];
  if (!name) errors.push(requiredError(`${path}.name`));
  const group = memberOf(SUBJECT_GROUPS, kind);
  if (group === undefined)
    return [...errors, notSupportedError(`${path}.kind`, kind, ['ServiceAccount', 'User', 'Group'])];
  if (kind === 'ServiceAccount') {
    if (name) errors.push(...invalidErrors(`${path}.name`, name, dns1123Subdomain(name)));
    if (!namespaced && !namespace) errors.push(requiredError(`${path}.namespace`));
  }
  if (apiGroup !== group) errors.push(notSupportedError(`${path}.apiGroup`, apiGroup, [group]));
  return errors;
}

function validateBinding(
  { roleRef, subjects = [] }: Pick<RoleBinding, 'roleRef' | 'subjects'>,
  kinds: readonly string[],
): FieldError[] {
  const errors: FieldError[] = [];
  if (roleRef.apiGroup !== GROUP) errors.push(notSupportedError('roleRef.apiGroup', roleRef.apiGroup, [GROUP]));
  if (!kinds.includes(roleRef.kind)) errors.push(notSupportedError('roleRef.kind', roleRef.kind, kinds));
  if (!roleRef.name) errors.push(requiredError('roleRef.name'));
  else errors.push(...invalidErrors('roleRef.name', roleRef.name, pathSegment(roleRef.name)));
  for (const [index, subject] of subjects.entries())
    errors.push(...validateSubject(subject, `subjects[${index}]`, kinds.length > 1));
  return errors;
}

function validateRoleRefUpdate(roleRef: RoleBinding['roleRef'], old: RoleBinding['roleRef']): FieldError[] {
  const shown = { APIGroup: roleRef.apiGroup, Kind: roleRef.kind, Name: roleRef.name };
  return equalJson(roleRef, old) ? [] : [invalidError('roleRef', shown, 'cannot change roleRef')];
}

export const validateRoleBinding = (binding: RoleBinding): FieldError[] =>
  validateBinding(binding, ['Role', 'ClusterRole']);
export const validateClusterRoleBinding = (binding: ClusterRoleBinding): FieldError[] =>
  validateBinding(binding, ['ClusterRole']);
export const validateRoleBindingUpdate = (binding: RoleBinding, old: RoleBinding): FieldError[] => [
  ...validateRoleBinding(binding),
  ...validateRoleRefUpdate(binding.roleRef, old.roleRef),
];
export const validateClusterRoleBindingUpdate = (
  binding: ClusterRoleBinding,
  old: ClusterRoleBinding,
): FieldError[] => [...validateClusterRoleBinding(binding), ...validateRoleRefUpdate(binding.roleRef, old.roleRef)];
