import {
  type Deployment,
  deployments,
  type Pod,
  type ReplicaSet,
  type ReplicationController,
  replicaSets,
  replicationControllers,
  type Scale,
  type StatefulSet,
  statefulSets,
} from '../../kinds/index.ts';
import { controllerOf, type KubeObject, type OwnerReference } from '../../machinery/meta.ts';
import type { ReconcileContext } from '../runtime/define-controller.ts';

export interface FoundScale {
  /** What the controllers want together, or why that is not known. */
  scale: number | { failure: string };
  /** Pods that nobody manages. */
  unmanaged: string[];
}

/** How many pods the controllers of some pods want, each counted once. Upstream: getExpectedScale. */
export async function scaleOfControllers(
  pods: readonly Pod[],
  namespace: string,
  context: ReconcileContext,
): Promise<FoundScale> {
  const unmanaged: string[] = [];
  const seen = new Map<string, number>();
  for (const pod of pods) {
    const owner = controllerOf(pod.metadata);
    if (!owner) unmanaged.push(pod.metadata.name ?? '');
    else if (!seen.has(owner.uid)) {
      const found = await scaleOf(owner, namespace, context);
      if (found === undefined)
        return { scale: { failure: `found no controllers for pod ${JSON.stringify(pod.metadata.name)}` }, unmanaged };
      seen.set(owner.uid, 0);
      // ReplicaSets of one Deployment lead to one scale.
      seen.set(found.uid, found.replicas);
    }
  }
  return { scale: [...seen.values()].reduce((sum, replicas) => sum + replicas, 0), unmanaged };
}

interface OwnScale {
  uid: string;
  replicas: number;
}

async function scaleOf(
  owner: OwnerReference,
  namespace: string,
  context: ReconcileContext,
): Promise<OwnScale | undefined> {
  const { client } = context;
  const { name, uid } = owner;
  const key = { namespace, name };
  const of = (object: { metadata: KubeObject['metadata']; spec?: { replicas?: number } } | undefined) =>
    object?.metadata.uid === uid ? { uid, replicas: object.spec?.replicas ?? 0 } : undefined;
  switch (`${owner.apiVersion.replace(/\/.*|^v1$/, '')}/${owner.kind}`) {
    case 'apps/ReplicaSet': {
      const set = await client.find<ReplicaSet>(replicaSets, key);
      const parent = set?.metadata.uid === uid ? controllerOf(set.metadata) : undefined;
      if (parent?.kind !== 'Deployment') return of(set);
      const found = await client.find<Deployment>(deployments, { namespace, name: parent.name });
      return found?.metadata.uid === parent.uid ? { uid: parent.uid, replicas: found.spec?.replicas ?? 0 } : undefined;
    }
    case '/ReplicationController':
      return of(await client.find<ReplicationController>(replicationControllers, key));
    case 'apps/StatefulSet':
      return of(await client.find<StatefulSet>(statefulSets, key));
    default:
      return scaleOfOther(owner, namespace, context);
  }
}

/** Of kinds that have a scale subresource, custom ones too. */
async function scaleOfOther(
  { apiVersion, kind, name, uid }: OwnerReference,
  namespace: string,
  { client, kinds }: ReconcileContext,
): Promise<OwnScale | undefined> {
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
  const served = (await kinds()).find((one) => one.group === group && one.kind === kind);
  if (!served) return undefined;
  const base = group === '' ? `/api/${served.version}` : `/apis/${group}/${served.version}`;
  const response = await client.fetch(`${base}/namespaces/${namespace}/${served.resource}/${name}/scale`);
  const scale = (await response.json()) as Scale;
  if (!response.ok || scale.metadata.uid !== uid) return undefined;
  return { uid, replicas: scale.spec?.replicas ?? 0 };
}
