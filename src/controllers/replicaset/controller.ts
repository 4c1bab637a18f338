import {
  type Pod,
  pods,
  type ReplicaSet,
  type ReplicationController,
  replicaSets,
  replicationControllers,
} from '../../kinds/index.ts';
import type { Kind, KindRef } from '../../machinery/kind.ts';
import { controllerOf, type KubeObject } from '../../machinery/meta.ts';
import { applyOrThrow, applyPlan } from '../runtime/apply-plan.ts';
import { keyOfObject, parseKey } from '../runtime/change.ts';
import { claimSelected } from '../runtime/claim-selected.ts';
import {
  type Controller,
  defineController,
  type PermissionRule,
  type ReconcileContext,
  type ReconcileResult,
} from '../runtime/define-controller.ts';
import { Inspected } from '../runtime/inspected.ts';
import { keysOfSelected } from '../runtime/keys-of-selected.ts';
import { missingReplicas, planReplicas, planStatus } from './plan.ts';

/** A kind whose objects ask for a number of pods. */
export interface ReplicaKind<T extends KubeObject> {
  name: string;
  kind: Kind & KindRef<T>;
  permissions: readonly PermissionRule[];
  /** The ReplicaSet that asks for the same, with the metadata of the object. */
  view(object: T): ReplicaSet;
}

const POD_RULES: readonly PermissionRule[] = [
  { groups: [''], resources: ['pods'], verbs: ['create', 'delete', 'list', 'patch', 'watch'] },
  { groups: [''], resources: ['events'], verbs: ['create', 'patch', 'update'] },
];

/** Keeps the number of pods of each ReplicaSet. Upstream: pkg/controller/replicaset. */
export function createReplicaSetController(): Controller {
  return createReplicasController<ReplicaSet>({
    name: 'replicaset-controller',
    kind: replicaSets,
    permissions: [
      { groups: ['apps'], resources: ['replicasets'], verbs: ['get', 'list', 'update', 'watch'] },
      { groups: ['apps'], resources: ['replicasets/status', 'replicasets/finalizers'], verbs: ['update'] },
    ],
    view: (replicaSet) => replicaSet,
  });
}

/** The same for ReplicationControllers. Upstream: pkg/controller/replication. */
export function createReplicationController(): Controller {
  return createReplicasController<ReplicationController>({
    name: 'replication-controller',
    kind: replicationControllers,
    permissions: [
      { groups: [''], resources: ['replicationcontrollers'], verbs: ['get', 'list', 'update', 'watch'] },
      {
        groups: [''],
        resources: ['replicationcontrollers/status', 'replicationcontrollers/finalizers'],
        verbs: ['update'],
      },
    ],
    view: (controller) => {
      const matchLabels = controller.spec?.selector;
      return { ...controller, spec: { ...controller.spec, selector: { matchLabels } } } as ReplicaSet;
    },
  });
}

/**
 * Pods are read by selector, which does not show a pod whose labels were changed away from it. Such pods are looked for
 * by owner when an object is met for the first time and after labels of its pods changed.
 */
function createReplicasController<T extends KubeObject>(replicas: ReplicaKind<T>): Controller {
  const { name, kind, permissions, view } = replicas;
  const inspected = new Inspected();
  return defineController({
    name,
    watches: [
      { kind, keys: keyOfObject },
      { kind: pods, keys: keysOfSelected<T>(kind, inspected, (owner) => view(owner).spec?.selector) },
    ],
    permissions: [...permissions, ...POD_RULES],
    reconcile: (key, context) => reconcile(replicas, key, { context, inspected }),
  });
}

interface Means {
  context: ReconcileContext;
  inspected: Inspected;
}

async function reconcile<T extends KubeObject>(
  { kind, view }: ReplicaKind<T>,
  key: string,
  { context, inspected }: Means,
): Promise<ReconcileResult | undefined> {
  const object = await context.client.find<T>(kind, parseKey(key));
  if (object === undefined) return undefined;
  const replicaSet = view(object);
  const keeper = kind === (replicaSets as KindRef) ? {} : { keeper: { kind, object } };
  const { selector } = replicaSet.spec ?? {};
  const owned = await claimSelected<Pod>(
    { owner: replicaSet, ownerKind: kind, kind: pods, selector },
    context,
    inspected,
  );
  const now = context.clock.now();
  const missing = missingReplicas(replicaSet, owned);
  const related = missing < 0 && !keeper.keeper ? await relatedPods(replicaSet, owned, context) : owned;
  const { error } = await applyPlan(planReplicas({ replicaSet, ...keeper, owned, related, now }), context);
  const status = planStatus({ replicaSet, ...keeper, owned, failure: error, now });
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
