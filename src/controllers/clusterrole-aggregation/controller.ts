import { type ClusterRole, clusterRoles } from '../../kinds/index.ts';
import { applyOrThrow } from '../runtime/apply-plan.ts';
import { defineController, type ReconcileContext } from '../runtime/define-controller.ts';
import { planAggregation } from './plan.ts';

/** Any change of a role may matter to any aggregated one, and there are few of both. */
const ALL = 'clusterroles';

/** Keeps admin, edit, view and their like complete. Upstream: pkg/controller/clusterroleaggregation. */
export const clusterRoleAggregationController = defineController({
  name: 'clusterrole-aggregation-controller',
  watches: [{ kind: clusterRoles, keys: () => [ALL] }],
  permissions: [
    {
      groups: ['rbac.authorization.k8s.io'],
      resources: ['clusterroles'],
      verbs: ['escalate', 'get', 'list', 'patch', 'update', 'watch'],
    },
  ],
  concurrency: 2,
  reconcile,
});

async function reconcile(_key: string, context: ReconcileContext): Promise<undefined> {
  const { items } = await context.client.list<ClusterRole>(clusterRoles);
  await applyOrThrow(planAggregation(items), context);
}
