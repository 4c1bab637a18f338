/** Roles and bindings hand out no rights that their author lacks. Upstream: pkg/registry/rbac/{role,rolebinding}/policybased. */
import type { ClusterRole, RoleBinding } from '../../../kinds/index.ts';
import type { KubeObject } from '../../../machinery/meta.ts';
import { checkBinding, checkRoleEscalation } from '../../authz/index.ts';
import type { AdmissionPlugin } from '../../contract.ts';

const RESOURCES = new Set(['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings']);

export const rbacEscalation: AdmissionPlugin = {
  name: 'RBACEscalation',
  handles: ({ kind, operation, subresource }) =>
    kind.group === 'rbac.authorization.k8s.io' &&
    RESOURCES.has(kind.resource) &&
    subresource === '' &&
    (operation === 'CREATE' || operation === 'UPDATE'),
  async admit(request, { config, authorizer }) {
    const { kind, operation, object, oldObject, namespace, user } = request;
    if (!object || (operation !== 'CREATE' && operation !== 'UPDATE')) return;
    if (operation === 'UPDATE' && oldObject && changesOwnersOnly(object, oldObject)) return;
    const target = {
      resource: kind.resource,
      namespace,
      name: object.metadata.name ?? '',
      pathName: request.pathName ?? '',
    };
    const deps = { user, snapshot: config, authorizer };
    if (kind.resource.endsWith('bindings')) {
      await checkBinding(object as unknown as RoleBinding, target, deps);
      return;
    }
    const { rules } = object as unknown as ClusterRole;
    await checkRoleEscalation(
      { rules: rules ?? [], aggregates: aggregates(object) || aggregates(oldObject) },
      target,
      deps,
    );
  },
};

const aggregates = (role: KubeObject | undefined): boolean =>
  ((role as ClusterRole | undefined)?.aggregationRule?.clusterRoleSelectors?.length ?? 0) > 0;

/** What the garbage collector does must always be possible, and what changes nothing. */
function changesOwnersOnly(object: KubeObject, old: KubeObject): boolean {
  const bare = ({ metadata, apiVersion: _version, kind: _kind, ...rest }: KubeObject): string => {
    const { ownerReferences: _owners, finalizers: _finalizers, managedFields: _managed, ...meta } = metadata;
    return JSON.stringify([sorted(meta), sorted(rest)]);
  };
  return bare(object) === bare(old);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined && inner !== null);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]));
}
