import { type Pod, pods, type ReplicaSet, replicaSets } from '../../kinds/index.ts';
import { controllerOf } from '../../machinery/meta.ts';
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
import { missingReplicas, planReplicas, planStatus } from './plan.ts';

/**
 * Keeps the number of pods of each ReplicaSet. Upstream: pkg/controller/replicaset.
 *
 * Pods are read by selector, which does not show a pod of the ReplicaSet whose labels were changed away from it. Such
 * pods are looked for by owner when a ReplicaSet is met for the first time and after labels of its pods changed.
 */
export function createReplicaSetController(): Controller {
  const inspected = new Inspected();
  return defineController({
    name: 'replicaset-controller',
    watches: [
      { kind: replicaSets, keys: keyOfObject },
      { kind: pods, keys: keysOfSelected(replicaSets, inspected) },
    ],
    permissions: [
      { groups: ['apps'], resources: ['replicasets'], verbs: ['get', 'list', 'update', 'watch'] },
      { groups: ['apps'], resources: ['replicasets/status', 'replicasets/finalizers'], verbs: ['update'] },
      { groups: [''], resources: ['pods'], verbs: ['create', 'delete', 'list', 'patch', 'watch'] },
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
  const replicaSet = await context.client.find(replicaSets, parseKey(key));
  if (replicaSet === undefined) return undefined;
  const { selector } = replicaSet.spec ?? {};
  const owned = await claimSelected<Pod>(
    { owner: replicaSet, ownerKind: replicaSets, kind: pods, selector },
    context,
    inspected,
  );
  const now = context.clock.now();
  const missing = missingReplicas(replicaSet, owned);
  const related = missing < 0 ? await relatedPods(replicaSet, owned, context) : owned;
  const { error } = await applyPlan(planReplicas({ replicaSet, owned, related, now }), context);
  const status = planStatus({ replicaSet, owned, failure: error, now });
  await applyOrThrow(status, context);
  if (error) throw error;
  return status.requeueAfter === undefined ? undefined : { requeueAfter: status.requeueAfter };
}

/** The pods of all ReplicaSets with the same controller, for spreading deletions over nodes. */
async function relatedPods(
  replicaSet: ReplicaSet,
  owned: readonly Pod[],
  { client }: ReconcileContext,
): Promise<readonly Pod[]> {
  const owner = controllerOf(replicaSet.metadata);
  if (owner === undefined) return owned;
  const { namespace } = replicaSet.metadata;
  const siblings = (await client.list<ReplicaSet>(replicaSets, { namespace })).items.filter(
    (set) => controllerOf(set.metadata)?.uid === owner.uid && set.metadata.uid !== replicaSet.metadata.uid,
  );
  const uids = new Set(siblings.filter((set) => set.status?.replicas).map((set) => set.metadata.uid));
  if (uids.size === 0) return owned;
  const all = (await client.list<Pod>(pods, { namespace })).items;
  return [...owned, ...all.filter((pod) => uids.has(controllerOf(pod.metadata)?.uid))];
}
