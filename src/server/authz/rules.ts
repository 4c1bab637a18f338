/** Whether a policy rule covers a request. Upstream: pkg/apis/rbac/v1/evaluation_helpers.go. */
import type { PolicyRule } from '../../kinds/index.ts';
import type { Attributes } from '../contract.ts';

/** Whether one rule allows the request. */
export function ruleAllows(attributes: Attributes, rule: PolicyRule): boolean {
  if (!matches(rule.verbs, attributes.verb)) return false;
  if (!attributes.isResource) return coversPath(rule, attributes.path);
  return (
    matches(rule.apiGroups, attributes.group) &&
    coversResource(rule, attributes.resource, attributes.subresource) &&
    coversName(rule, attributes.name)
  );
}

/** Whether any of the rules allows the request. */
export function rulesAllow(attributes: Attributes, rules: readonly PolicyRule[]): boolean {
  for (const rule of rules) if (ruleAllows(attributes, rule)) return true;
  return false;
}

function matches(patterns: readonly string[] | undefined, value: string): boolean {
  if (!patterns) return false;
  for (const pattern of patterns) if (pattern === '*' || pattern === value) return true;
  return false;
}

function coversResource(rule: PolicyRule, resource: string, subresource: string): boolean {
  if (!rule.resources) return false;
  const combined = subresource === '' ? resource : `${resource}/${subresource}`;
  for (const pattern of rule.resources) {
    if (pattern === '*' || pattern === combined) return true;
    // `*/scale` covers that subresource of every resource.
    if (subresource !== '' && pattern.length === subresource.length + 2 && pattern === `*/${subresource}`) return true;
  }
  return false;
}

function coversName(rule: PolicyRule, name: string): boolean {
  return !rule.resourceNames || rule.resourceNames.length === 0 || rule.resourceNames.includes(name);
}

function coversPath(rule: PolicyRule, path: string): boolean {
  for (const pattern of rule.nonResourceURLs ?? []) {
    if (pattern === '*' || pattern === path) return true;
    if (pattern.endsWith('*') && path.startsWith(pattern.replace(/\*+$/, ''))) return true;
  }
  return false;
}
