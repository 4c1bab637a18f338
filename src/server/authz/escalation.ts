/**
 * Nobody hands out rights that he does not hold. Upstream: pkg/registry/rbac/validation/{rule,policy_comparator}.go.
 */
import type { ClusterRole, PolicyRule, RoleBinding } from '../../kinds/index.ts';
import { badRequest, forbidden, notFound, StatusError } from '../../machinery/status.ts';
import { MASTERS_GROUP } from '../authn/users.ts';
import type { Attributes, Authorizer, ConfigSnapshot, UserInfo } from '../contract.ts';
import { aggregate, rulesFor, rulesOfRole } from './rbac.ts';

const GROUP = 'rbac.authorization.k8s.io';

/** The object that is written. */
export interface EscalationTarget {
  /** roles, clusterroles, rolebindings or clusterrolebindings. */
  resource: string;
  namespace: string;
  /** Empty for a create by generateName. */
  name: string;
  /** The name in the path: empty when the object is new, so that a right limited to names does not cover it. */
  pathName: string;
}

export interface EscalationDeps {
  user: UserInfo;
  snapshot: ConfigSnapshot;
  authorizer: Authorizer;
}

/**
 * Throws 403 unless the user holds every rule, or may `escalate` that role. A role that gathers others, or did
 * (`aggregates`), wants every right on everything.
 */
export async function checkRoleEscalation(
  { rules, aggregates }: { rules: readonly PolicyRule[]; aggregates: boolean },
  target: EscalationTarget,
  deps: EscalationDeps,
): Promise<void> {
  if (isPrivileged(deps.user)) return;
  const { resource, namespace, pathName } = target;
  if (await mayUse('escalate', { group: GROUP, resource, namespace, name: pathName }, deps)) return;
  const missing = missingRules(rules, target, deps);
  if (missing) throw denied(target, missing);
  if (aggregates && missingRules(EVERYTHING, target, deps))
    throw denied(target, 'must have cluster-admin privileges to use the aggregationRule');
}

const EVERYTHING: readonly PolicyRule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
];

/** Throws unless the user holds every rule of the role that is bound, or may `bind` it. */
export async function checkBinding(
  binding: RoleBinding,
  target: EscalationTarget,
  deps: EscalationDeps,
): Promise<void> {
  if (isPrivileged(deps.user)) return;
  const { apiGroup, kind, name } = binding.roleRef;
  const resource = ROLE_RESOURCES.get(kind);
  const { namespace } = target;
  if (resource && (await mayUse('bind', { group: apiGroup ?? '', resource, namespace, name }, deps))) return;
  // Upstream answers with the errors of its look-up.
  if (!resource) throw new StatusError(500, '', `unsupported role reference kind: ${JSON.stringify(kind)}`);
  if (kind === 'Role' && namespace === '') throw badRequest('Namespace parameter required.');
  if (name === '') throw badRequest('Name parameter required.');
  const found = rulesOfRole(binding.roleRef, namespace, { snapshot: deps.snapshot });
  if ('error' in found) throw notFound({ group: GROUP, kind: target.resource }, name);
  const missing = missingRules(found.rules, target, deps);
  if (missing) throw denied(target, missing);
}

const ROLE_RESOURCES: ReadonlyMap<string, string> = new Map([
  ['ClusterRole', 'clusterroles'],
  ['Role', 'roles'],
]);

/** Rules an aggregated role gets from the roles its selectors match. Upstream: clusterroleaggregation controller. */
export function aggregatedRules(role: ClusterRole, all: readonly ClusterRole[], matches: SelectorMatch): PolicyRule[] {
  const rules: PolicyRule[] = [];
  const seen = new Set<string>();
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    const selected = all.filter((other) => other.metadata.name !== role.metadata.name && matches(selector, other));
    selected.sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));
    for (const rule of selected.flatMap((other) => other.rules ?? [])) {
      const text = JSON.stringify(rule);
      if (!seen.has(text)) rules.push(rule);
      seen.add(text);
    }
  }
  return rules;
}

type SelectorMatch = (
  selector: NonNullable<NonNullable<ClusterRole['aggregationRule']>['clusterRoleSelectors']>[number],
  role: ClusterRole,
) => boolean;

function isPrivileged(user: UserInfo): boolean {
  return user.groups.includes(MASTERS_GROUP);
}

interface Right {
  group: string;
  resource: string;
  namespace: string;
  name: string;
}

function mayUse(verb: string, right: Right, { user, authorizer }: EscalationDeps): Promise<boolean> {
  const attributes: Attributes = { ...right, user, verb, isResource: true, version: '*', subresource: '', path: '' };
  return authorizer.authorize(attributes).then((decision) => decision.decision === 'allow');
}

/** The message about rules that the user does not hold; undefined when all are held. */
function missingRules(
  rules: readonly PolicyRule[],
  target: EscalationTarget,
  { user, snapshot }: EscalationDeps,
): string | undefined {
  // Look-ups made for a request call a missing role by the resource of that request.
  const held = rulesFor(user, target.namespace, { snapshot, calledBy: target.resource });
  const missing = rules.flatMap(breakDown).filter((part) => !held.rules.some((rule) => covers(rule, part)));
  if (missing.length === 0) return undefined;
  const lines = [...new Set(compact(missing).map(formatRule))].sort();
  const groups = user.groups.map((group) => JSON.stringify(group)).join(' ');
  const errors = held.errors.length > 0 ? `; resolution errors: [${aggregate(held.errors)}]` : '';
  return `user ${JSON.stringify(user.name)} (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:\n${lines.join('\n')}${errors}`;
}

/** A rule of one verb, and one group, resource and at most one name, or one path. */
function breakDown(rule: PolicyRule): PolicyRule[] {
  const parts: PolicyRule[] = [];
  const names = rule.resourceNames?.length ? rule.resourceNames : [undefined];
  for (const group of rule.apiGroups ?? []) {
    for (const resource of rule.resources ?? []) {
      for (const verb of rule.verbs ?? []) {
        for (const name of names) {
          const part: PolicyRule = { apiGroups: [group], resources: [resource], verbs: [verb] };
          parts.push(name === undefined ? part : { ...part, resourceNames: [name] });
        }
      }
    }
  }
  for (const url of rule.nonResourceURLs ?? []) {
    for (const verb of rule.verbs ?? []) parts.push({ nonResourceURLs: [url], verbs: [verb] });
  }
  return parts;
}

const hasAll = (owned: readonly string[] | undefined, wanted: readonly string[] | undefined): boolean =>
  (wanted ?? []).every((value) => owned?.includes(value));

const hasAllOrStar = (owned: readonly string[] | undefined, wanted: readonly string[] | undefined): boolean =>
  owned?.includes('*') === true || hasAll(owned, wanted);

/** Whether `owner` holds all that the broken-down rule `part` gives. */
function covers(owner: PolicyRule, part: PolicyRule): boolean {
  if (!hasAllOrStar(owner.verbs, part.verbs)) return false;
  if (part.nonResourceURLs) return part.nonResourceURLs.every((url) => coversUrl(owner.nonResourceURLs ?? [], url));
  if (!hasAllOrStar(owner.apiGroups, part.apiGroups)) return false;
  if (!(part.resources ?? []).every((resource) => coversResource(owner.resources ?? [], resource))) return false;
  if (!owner.resourceNames?.length) return true;
  return part.resourceNames !== undefined && hasAll(owner.resourceNames, part.resourceNames);
}

function coversResource(owned: readonly string[], wanted: string): boolean {
  if (owned.includes('*') || owned.includes(wanted)) return true;
  const slash = wanted.indexOf('/');
  return slash >= 0 && owned.includes(`*${wanted.slice(slash)}`);
}

function coversUrl(owned: readonly string[], wanted: string): boolean {
  return owned.some(
    (pattern) =>
      pattern === '*' ||
      pattern === wanted ||
      (pattern.endsWith('*') && wanted.startsWith(pattern.replace(/\*+$/, ''))),
  );
}

/** Joins parts on resources that differ in their verb only. Upstream: rbac/validation CompactRules. */
function compact(parts: readonly PolicyRule[]): PolicyRule[] {
  const joined = new Map<string, { rule: PolicyRule; verbs: string[] }>();
  for (const part of parts) {
    const key = JSON.stringify(part.nonResourceURLs ? part : { ...part, verbs: [] });
    const entry = joined.get(key);
    if (entry && !part.nonResourceURLs) entry.verbs.push(...(part.verbs ?? []));
    else joined.set(key, { rule: part, verbs: [...(part.verbs ?? [])] });
  }
  return [...joined.values()].map(({ rule, verbs }) => ({ ...rule, verbs }));
}

function formatRule(rule: PolicyRule): string {
  const fields: string[] = [];
  const add = (name: string, values: readonly string[] | undefined): void => {
    if (values?.length) fields.push(`${name}:[${values.map((value) => JSON.stringify(value)).join(' ')}]`);
  };
  add('APIGroups', rule.apiGroups);
  add('Resources', rule.resources);
  add('NonResourceURLs', rule.nonResourceURLs);
  add('ResourceNames', rule.resourceNames);
  add('Verbs', rule.verbs);
  return `{${fields.join(', ')}}`;
}

const denied = (target: EscalationTarget, why: string): StatusError =>
  forbidden({ group: GROUP, kind: target.resource }, target.name, why);
