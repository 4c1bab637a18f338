/** Role-based access control over the configuration snapshot. Upstream: plugin/pkg/auth/authorizer/rbac. */
import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  RoleRef,
  Subject,
} from '../../kinds/index.ts';
import { parseServiceAccountUserName } from '../authn/users.ts';
import type { Attributes, ConfigSnapshot, Decision, UserInfo } from '../contract.ts';
import { ruleAllows } from './rules.ts';

const GROUP = 'rbac.authorization.k8s.io';
const CLUSTER_ROLES = `clusterroles.${GROUP}`;
const ROLES = `roles.${GROUP}`;
const CLUSTER_ROLE_BINDINGS = `clusterrolebindings.${GROUP}`;
const ROLE_BINDINGS = `rolebindings.${GROUP}`;

type Binding = ClusterRoleBinding | RoleBinding;

/** A subject of a binding that a user may match. */
interface Grant {
  binding: Binding;
  subject: Subject;
  /** Of the subject in the binding. */
  position: number;
}

/** Grants by subject key, see `subjectKey`. */
type GrantIndex = Map<string, Grant[]>;

/** One rule that a user holds, or the error of a role that is missing. */
export type RuleVisitor = (rule: PolicyRule | undefined, grant: Grant, error: string | undefined) => boolean;

/** Where roles are looked up, and by which resource a missing one is called; by default by its own, in the singular. */
export interface RoleLookup {
  snapshot: ConfigSnapshot;
  calledBy?: string;
}

/** Whether bindings and roles allow the request; never denies. */
export function authorizeByRbac(attributes: Attributes, snapshot: ConfigSnapshot): Decision {
  let allowedBy: Grant | undefined;
  const errors: string[] = [];
  visitRules(attributes.user, attributes.namespace, {
    snapshot,
    visit(rule, grant, error) {
      if (error !== undefined) errors.push(error);
      if (!rule || !ruleAllows(attributes, rule)) return true;
      allowedBy = grant;
      return false;
    },
  });
  if (allowedBy) return { decision: 'allow', reason: `RBAC: allowed by ${describe(allowedBy)}` };
  return { decision: 'noOpinion', reason: errors.length > 0 ? `RBAC: ${aggregate(errors)}` : '' };
}

/** The rules a user holds at cluster scope and in `namespace`, with the errors met on the way. */
export function rulesFor(
  user: UserInfo,
  namespace: string,
  lookup: RoleLookup,
): { rules: PolicyRule[]; errors: string[] } {
  const rules: PolicyRule[] = [];
  const errors: string[] = [];
  visitRules(user, namespace, {
    ...lookup,
    visit(rule, _grant, error) {
      if (rule) rules.push(rule);
      if (error !== undefined) errors.push(error);
      return true;
    },
  });
  return { rules, errors };
}

/** The rules of the role that `ref` names, or why there are none; `namespace` is that of the binding. */
export function rulesOfRole(
  ref: RoleRef,
  namespace: string,
  { snapshot, calledBy }: RoleLookup,
): { rules: readonly PolicyRule[] } | { error: string } {
  const lost = (own: string): { error: string } => ({
    error: `${calledBy ?? own}.${GROUP} ${JSON.stringify(ref.name)} not found`,
  });
  if (ref.kind === 'ClusterRole') {
    const role = snapshot.get<ClusterRole>(CLUSTER_ROLES, '', ref.name);
    return role ? { rules: role.rules ?? [] } : lost('clusterrole');
  }
  if (ref.kind === 'Role') {
    const role = snapshot.get<Role>(ROLES, namespace, ref.name);
    return role ? { rules: role.rules ?? [] } : lost('role');
  }
  return { error: `unsupported role reference kind: ${JSON.stringify(ref.kind)}` };
}

/** Errors as upstream's aggregate prints them. */
export function aggregate(errors: readonly string[]): string {
  const unique = [...new Set(errors)];
  return unique.length === 1 ? (unique[0] as string) : `[${unique.join(', ')}]`;
}

interface Visit extends RoleLookup {
  /** Returns false to stop. */
  visit: RuleVisitor;
}

/** Visits cluster-wide grants first, then those of the namespace. */
function visitRules(user: UserInfo, namespace: string, visit: Visit): void {
  const keys = keysOf(user);
  if (!visitGrants(clusterGrants(visit.snapshot), keys, { ...visit, namespace: '' })) return;
  if (namespace !== '') visitGrants(namespaceGrants(visit.snapshot, namespace), keys, { ...visit, namespace });
}

function visitGrants(index: GrantIndex, keys: readonly string[], context: Visit & { namespace: string }): boolean {
  for (const grant of grantsOf(index, keys)) {
    const found = rulesOfRole(grant.binding.roleRef, context.namespace, context);
    if ('error' in found) {
      if (!context.visit(undefined, grant, found.error)) return false;
      continue;
    }
    for (const rule of found.rules) if (!context.visit(rule, grant, undefined)) return false;
  }
  return true;
}

/** The bindings that name one of the keys, each once and by the first of its subjects that does. */
function grantsOf(index: GrantIndex, keys: readonly string[]): readonly Grant[] {
  const lists = keys.map((key) => index.get(key)).filter((list) => list !== undefined);
  if (lists.length < 2) return lists[0] ?? [];
  const first = new Map<Binding, Grant>();
  for (const grant of lists.flat()) {
    const known = first.get(grant.binding);
    if (!known || grant.position < known.position) first.set(grant.binding, grant);
  }
  return [...first.values()];
}

function keysOf(user: UserInfo): string[] {
  const keys = [`User/${user.name}`];
  const account = parseServiceAccountUserName(user.name);
  if (account) keys.push(`ServiceAccount/${account.namespace}/${account.name}`);
  for (const group of user.groups) keys.push(`Group/${group}`);
  return keys;
}

/** A service account without namespace is in that of its RoleBinding. */
function subjectKey(subject: Subject, bindingNamespace: string): string {
  if (subject.kind !== 'ServiceAccount') return `${subject.kind}/${subject.name}`;
  return `ServiceAccount/${subject.namespace || bindingNamespace}/${subject.name}`;
}

function indexGrants(bindings: readonly Binding[], namespace: string): GrantIndex {
  const index: GrantIndex = new Map();
  for (const binding of bindings) {
    for (const [position, subject] of (binding.subjects ?? []).entries()) {
      const key = subjectKey(subject, namespace);
      const grants = index.get(key);
      if (!grants) index.set(key, [{ binding, subject, position }]);
      else if (grants[grants.length - 1]?.binding !== binding) grants.push({ binding, subject, position });
    }
  }
  return index;
}

function clusterGrants(snapshot: ConfigSnapshot): GrantIndex {
  return snapshot.derive('rbac/cluster', [CLUSTER_ROLE_BINDINGS], (s) =>
    indexGrants(s.list<ClusterRoleBinding>(CLUSTER_ROLE_BINDINGS), ''),
  );
}

/** Namespaces are indexed when they are first asked for. */
function namespaceGrants(snapshot: ConfigSnapshot, namespace: string): GrantIndex {
  const known = snapshot.derive('rbac/namespaces', [ROLE_BINDINGS], () => new Map<string, GrantIndex>());
  let index = known.get(namespace);
  if (!index) {
    index = indexGrants(snapshot.list<RoleBinding>(ROLE_BINDINGS, namespace), namespace);
    known.set(namespace, index);
  }
  return index;
}

function describe({ binding, subject }: Grant): string {
  const { name, namespace } = binding.metadata;
  const { kind, name: role } = binding.roleRef;
  const what = namespace ? `RoleBinding "${name}/${namespace}"` : `ClusterRoleBinding ${JSON.stringify(name)}`;
  const who =
    subject.kind === 'ServiceAccount'
      ? `ServiceAccount "${subject.name}/${subject.namespace || (namespace ?? '')}"`
      : `${subject.kind} ${JSON.stringify(subject.name)}`;
  return `${what} of ${kind} ${JSON.stringify(role)} to ${who}`;
}
