import { type Pod, pods, type ReplicaSet, replicaSets } from '../../kinds/index.ts';
import { controllerOf } from '../../machinery/meta.ts';
import { applyOrThrow, applyPlan } from '../runtime/apply-plan.ts';
import { sameJson } from '../runtime/canonical.ts';
import { type Change, formatKey, hasController, keyOfObject, keyOfOwner, parseKey } from '../runtime/change.ts';
import { planClaim } from '../runtime/claim.ts';
import {
  type Controller,
  defineController,
  type KeyContext,
  type ReconcileContext,
  type ReconcileResult,
} from '../runtime/define-controller.ts';
import { formatSelector, matchesLabels } from '../runtime/label-selector.ts';
import { missingReplicas, planReplicas, planStatus } from './plan.ts';

const ownerKey = keyOfOwner('apps', 'ReplicaSet');

/**
 * Keeps the number of pods of each ReplicaSet. Upstream: pkg/controller/replicaset.
 *
 * Pods are read by selector, which does not show a pod of the ReplicaSet whose labels were changed away from it. Such
 * pods are looked for by owner when a ReplicaSet is met for the first time and after labels of its pods changed.
 */
export function createReplicaSetController(): Controller {
  const inspected = new Set<string>();
  const podKeys = async (change: Change, context: KeyContext): Promise<Iterable<string>> => {
    const { projection, old, key } = change;
    if (old && !sameJson(old.labels, projection.labels)) {
      for (const owner of projection.owners) if (owner.controller) inspected.delete(owner.uid);
    }
    const keys = ownerKey(change);
    if (hasController(change) || change.type === 'DELETED') return keys;
    const sets = await context.list<ReplicaSet>(replicaSets, key.namespace);
    const matching = sets.filter((set) => matchesLabels(set.spec?.selector, projection.labels));
    return [...keys, ...matching.map((set) => formatKey(key.namespace, set.metadata.name ?? ''))];
  };
  return defineController({
    name: 'replicaset-controller',
    watches: [
      { kind: replicaSets, keys: keyOfObject },
      { kind: pods, keys: podKeys },
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
  inspected: Set<string>,
): Promise<ReconcileResult | undefined> {
  const replicaSet = await context.client.find(replicaSets, parseKey(key));
  if (replicaSet === undefined) return undefined;
  const owned = await claimPods(replicaSet, context, inspected);
  const now = context.clock.now();
  const missing = missingReplicas(replicaSet, owned);
  const related = missing < 0 ? await relatedPods(replicaSet, owned, context) : owned;
  const { error } = await applyPlan(planReplicas({ replicaSet, owned, related, now }), context);
  const status = planStatus({ replicaSet, owned, failure: error, now });
  await applyOrThrow(status, context);
  if (error) throw error;
  return status.requeueAfter === undefined ? undefined : { requeueAfter: status.requeueAfter };
}

async function claimPods(replicaSet: ReplicaSet, context: ReconcileContext, inspected: Set<string>): Promise<Pod[]> {
  const { namespace, uid = '' } = replicaSet.metadata;
  const labelSelector = formatSelector(replicaSet.spec?.selector);
  const selected = (await context.client.list<Pod>(pods, { namespace, labelSelector })).items;
  const candidates = inspected.has(uid) ? selected : [...selected, ...(await strayPods(replicaSet, selected, context))];
  const { owned, writes } = planClaim({
    owner: replicaSet,
    ownerKind: replicaSets,
    kind: pods,
    candidates,
    matches: (pod) => matchesLabels(replicaSet.spec?.selector, pod.metadata.labels),
  });
  await applyOrThrow({ steps: [{ writes }] }, context);
  if (inspected.size > 10_000) inspected.clear();
  inspected.add(uid);
  return owned;
}

/** Pods that name the ReplicaSet as owner but are not selected by it. */
async function strayPods(replicaSet: ReplicaSet, selected: readonly Pod[], context: ReconcileContext): Promise<Pod[]> {
  const known = new Set(selected.map((pod) => pod.metadata.uid));
  const dependents = await context.dependentsOf(replicaSet.metadata.uid ?? '');
  const strays = dependents.filter(({ kind, uid }) => kind.kind === 'Pod' && kind.group === '' && !known.has(uid));
  const lists = await Promise.all(
    strays.map(({ namespace, name }) =>
      context.client.list<Pod>(pods, { namespace, fieldSelector: `metadata.name=${name}` }),
    ),
  );
  return lists.flatMap((list) => list.items);
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
