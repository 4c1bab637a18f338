import { deployments, type ReplicaSet, replicaSets } from '../../kinds/index.ts';
import { StatusError } from '../../machinery/status.ts';
import { applyOrThrow, applyPlan } from '../runtime/apply-plan.ts';
import { keyOfObject, parseKey } from '../runtime/change.ts';
import { claimSelected } from '../runtime/claim-selected.ts';
import {
  type Controller,
  defineController,
  type ReconcileContext,
  type ReconcileResult,
} from '../runtime/define-controller.ts';
import { Inspected } from '../runtime/inspected.ts';
import { keysOfSelected } from '../runtime/keys-of-selected.ts';
import { isEmptySelector } from '../runtime/label-selector.ts';
import { planCollision, planCreateFailure, planDeployment } from './plan.ts';

/**
 * Rolls out deployments by their ReplicaSets. Upstream: pkg/controller/deployment.
 *
 * ReplicaSets are read by selector; those of its own that it does not select are looked for by owner when a deployment
 * is met for the first time and after labels of its ReplicaSets changed.
 */
export function createDeploymentController(): Controller {
  const inspected = new Inspected();
  return defineController({
    name: 'deployment-controller',
    watches: [
      { kind: deployments, keys: keyOfObject },
      { kind: replicaSets, keys: keysOfSelected(deployments, inspected) },
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
    reconcile: (key, context) => reconcile(key, context, inspected),
  });
}

async function reconcile(
  key: string,
  context: ReconcileContext,
  inspected: Inspected,
): Promise<ReconcileResult | undefined> {
  const deployment = await context.client.find(deployments, parseKey(key));
  if (deployment === undefined) return undefined;
  if (isEmptySelector(deployment.spec?.selector)) {
    const message = 'This deployment is selecting all pods. A non-empty selector is required.';
    context.event({ kind: deployments, object: deployment, type: 'Warning', reason: 'SelectingAll', message });
    return undefined;
  }
  const { selector } = deployment.spec ?? {};
  const query = { owner: deployment, ownerKind: deployments, kind: replicaSets, selector };
  const sets = await claimSelected<ReplicaSet>(query, context, inspected);
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
