import { type Deployment, deployments, type ReplicaSet, replicaSets } from '../../kinds/index.ts';
import { StatusError } from '../../machinery/status.ts';
import { applyOrThrow, applyPlan } from '../runtime/apply-plan.ts';
import { type Change, formatKey, hasController, keyOfObject, keyOfOwner, parseKey } from '../runtime/change.ts';
import { planClaim } from '../runtime/claim.ts';
import {
  defineController,
  type KeyContext,
  type ReconcileContext,
  type ReconcileResult,
} from '../runtime/define-controller.ts';
import { isEmptySelector, matchesLabels } from '../runtime/label-selector.ts';
import { planCollision, planCreateFailure, planDeployment } from './plan.ts';

const ownerKey = keyOfOwner('apps', 'Deployment');

/** Rolls out deployments by their ReplicaSets. Upstream: pkg/controller/deployment. */
export const deploymentController = defineController({
  name: 'deployment-controller',
  watches: [
    { kind: deployments, keys: keyOfObject },
    { kind: replicaSets, keys: setKeys },
  ],
  permissions: [
    { groups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'update', 'watch'] },
    { groups: ['apps'], resources: ['deployments/status', 'deployments/finalizers'], verbs: ['update'] },
    {
      groups: ['apps'],
      resources: ['replicasets'],
      verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
    },
    { groups: [''], resources: ['events'], verbs: ['create', 'patch', 'update'] },
  ],
  reconcile,
});

async function setKeys(change: Change, context: KeyContext): Promise<Iterable<string>> {
  const keys = ownerKey(change);
  if (hasController(change) || change.type === 'DELETED') return keys;
  const { namespace } = change.key;
  const all = await context.list<Deployment>(deployments, namespace);
  const matching = all.filter(({ spec }) => matchesLabels(spec?.selector, change.projection.labels));
  return [...keys, ...matching.map(({ metadata }) => formatKey(namespace, metadata.name ?? ''))];
}

async function reconcile(key: string, context: ReconcileContext): Promise<ReconcileResult | undefined> {
  const deployment = await context.client.find(deployments, parseKey(key));
  if (deployment === undefined) return undefined;
  if (isEmptySelector(deployment.spec?.selector)) {
    const message = 'This deployment is selecting all pods. A non-empty selector is required.';
    context.event({ kind: deployments, object: deployment, type: 'Warning', reason: 'SelectingAll', message });
    return undefined;
  }
  const sets = await claimSets(deployment, context);
  const input = { deployment, sets, now: context.clock.now() };
  const plan = planDeployment(input);
  const { error } = await applyPlan(plan, context);
  if (error === undefined) return plan.requeueAfter === undefined ? undefined : { requeueAfter: plan.requeueAfter };
  const created = plan.steps[0]?.writes[0]?.object.metadata.name;
  if (created !== undefined && error instanceof StatusError && error.reason !== 'Conflict') {
    const failure =
      error.reason === 'AlreadyExists' ? planCollision(deployment) : planCreateFailure(input, error, created);
    await applyOrThrow(failure, context);
  }
  throw error;
}

async function claimSets(deployment: Deployment, context: ReconcileContext): Promise<ReplicaSet[]> {
  const { namespace } = deployment.metadata;
  const candidates = (await context.client.list<ReplicaSet>(replicaSets, { namespace })).items;
  const { owned, writes } = planClaim({
    owner: deployment,
    ownerKind: deployments,
    kind: replicaSets,
    candidates,
    matches: ({ metadata }) => matchesLabels(deployment.spec?.selector, metadata.labels),
  });
  await applyOrThrow({ steps: [{ writes }] }, context);
  return owned;
}
