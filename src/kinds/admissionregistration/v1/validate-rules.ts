/** What webhooks and admission policies apply to. Upstream: pkg/apis/admissionregistration/validation. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  duplicateError,
  invalidError,
  invalidErrors,
  notSupportedError,
  pathSegment,
  qualifiedName,
  requiredError,
  tooManyError,
} from '../../../machinery/validation/index.ts';
import type {
  MatchCondition,
  MatchResources,
  NamedRuleWithOperations,
  RuleWithOperations,
} from '../../generated/types/admissionregistration-v1.ts';
import { validateLabelSelector } from '../../label-selector.ts';
import { type ExpressionScope, expressionErrors, RESULTS } from './expressions.ts';

export const FAILURE_POLICIES = ['Fail', 'Ignore'];
export const MATCH_POLICIES = ['Equivalent', 'Exact'];
export const REINVOCATION_POLICIES = ['IfNeeded', 'Never'];
/** There is nothing to mutate in a deletion. */
export const MUTATING_OPERATIONS = ['*', 'CONNECT', 'CREATE', 'UPDATE'];
const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const SCOPES = ['*', 'Cluster', 'Namespaced'];
const MAX_CONDITIONS = 64;

/** A required list that is `*` alone, or has no `*`. */
function validateWildcardList(list: readonly string[] | undefined, path: string, what: string): FieldError[] {
  const values = list ?? [];
  if (values.length === 0) return [requiredError(path)];
  return values.length > 1 && values.includes('*')
    ? [invalidError(path, values, `if '*' is present, must not specify other ${what}`)]
    : [];
}

export function validateRule(rule: RuleWithOperations, path: string): FieldError[] {
  const { operations, apiGroups, apiVersions, resources, scope } = rule;
  const errors = validateWildcardList(operations, `${path}.operations`, 'operations');
  for (const [index, operation] of (operations ?? []).entries())
    if (!OPERATIONS.includes(operation))
      errors.push(notSupportedError(`${path}.operations[${index}]`, operation, OPERATIONS));
  errors.push(
    ...validateWildcardList(apiGroups, `${path}.apiGroups`, 'API groups'),
    ...validateWildcardList(apiVersions, `${path}.apiVersions`, 'API versions'),
  );
  for (const [index, version] of (apiVersions ?? []).entries())
    if (version === '') errors.push(requiredError(`${path}.apiVersions[${index}]`));
  errors.push(...validateResources(resources ?? [], `${path}.resources`));
  if (scope !== undefined && !SCOPES.includes(scope)) errors.push(notSupportedError(`${path}.scope`, scope, SCOPES));
  return errors;
}

/** Names may not lie under a wildcard that comes before them. */
function validateResources(resources: readonly string[], path: string): FieldError[] {
  if (resources.length === 0) return [requiredError(path)];
  const errors: FieldError[] = [];
  const allSubresourcesOf = new Set<string>();
  const ofAllResources = new Set<string>();
  let hasPlain = false;
  for (const [index, name] of resources.entries()) {
    const at = `${path}[${index}]`;
    if (name === '') errors.push(requiredError(at));
    if (name === '') continue;
    const slash = name.indexOf('/');
    if (slash < 0) {
      hasPlain = name !== '*';
      continue;
    }
    const [resource, subresource] = [name.slice(0, slash), name.slice(slash + 1)];
    if (allSubresourcesOf.has(resource))
      errors.push(invalidError(at, name, `if '${resource}/*' is present, must not specify ${name}`));
    if (ofAllResources.has(subresource))
      errors.push(invalidError(at, name, `if '*/${subresource}' is present, must not specify ${name}`));
    if (subresource === '*') allSubresourcesOf.add(resource);
    if (resource === '*') ofAllResources.add(subresource);
  }
  if (resources.length > 1 && resources.includes('*/*'))
    errors.push(invalidError(path, resources, "if '*/*' is present, must not specify other resources"));
  if (resources.includes('*') && hasPlain) {
    const why = "if '*' is present, must not specify other resources without subresources";
    errors.push(invalidError(path, resources, why));
  }
  return errors;
}

export function validateMatchResources(match: MatchResources, path: string): FieldError[] {
  const { matchPolicy, resourceRules, excludeResourceRules } = match;
  const errors: FieldError[] = [];
  if (matchPolicy === undefined) errors.push(requiredError(`${path}.matchPolicy`));
  else if (!MATCH_POLICIES.includes(matchPolicy))
    errors.push(notSupportedError(`${path}.matchPolicy`, matchPolicy, MATCH_POLICIES));
  for (const field of ['namespaceSelector', 'objectSelector'] as const) {
    const selector = match[field];
    if (selector) errors.push(...validateLabelSelector(selector, `${path}.${field}`));
    else errors.push(requiredError(`${path}.${field}`));
  }
  for (const [index, rule] of (resourceRules ?? []).entries())
    errors.push(...validateNamedRule(rule, `${path}.resourceRules[${index}]`));
  for (const [index, rule] of (excludeResourceRules ?? []).entries())
    errors.push(...validateNamedRule(rule, `${path}.excludeResourceRules[${index}]`));
  return errors;
}

function validateNamedRule(rule: NamedRuleWithOperations, path: string): FieldError[] {
  const names = rule.resourceNames ?? [];
  const errors = names.flatMap((name, index) => {
    const at = `${path}.resourceNames[${index}]`;
    const faults = invalidErrors(at, name, pathSegment(name));
    return names.indexOf(name) < index ? [...faults, duplicateError(at, name)] : faults;
  });
  return [...errors, ...validateRule(rule, path)];
}

/** Whether rules stay with the operations that a policy can change. */
export function validateOperations(
  rules: readonly NamedRuleWithOperations[] | undefined,
  path: string,
  allowed: readonly string[],
): FieldError[] {
  return (rules ?? [])
    .flatMap(({ operations }) => operations ?? [])
    .filter((operation) => !allowed.includes(operation))
    .map((operation) => notSupportedError(path, operation, allowed));
}

/** `scope` is what the conditions see. */
export function validateMatchConditions(
  conditions: readonly MatchCondition[] | undefined,
  path: string,
  scope: ExpressionScope,
): FieldError[] {
  const list = conditions ?? [];
  const errors = list.length > MAX_CONDITIONS ? [tooManyError(path, list.length, MAX_CONDITIONS)] : [];
  for (const [index, { name, expression }] of list.entries()) {
    const at = `${path}[${index}]`;
    const text = expression?.trim() ?? '';
    if (text === '') errors.push(requiredError(`${at}.expression`));
    else errors.push(...expressionErrors(`${at}.expression`, text, { scope, results: RESULTS.condition }));
    if (!name) {
      errors.push(requiredError(`${at}.name`));
      continue;
    }
    errors.push(...invalidErrors(`${at}.name`, name, qualifiedName(name)));
    if (list.findIndex((other) => other.name === name) < index) errors.push(duplicateError(`${at}.name`, name));
  }
  return errors;
}
