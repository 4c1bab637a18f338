import { type Deployment, deployments, type PodTemplateSpec, type ReplicaSet } from '../../kinds/index.ts';
import { apiVersionOf } from '../../machinery/meta.ts';
import { canonicalText, safeHash } from '../runtime/canonical.ts';
import { controllerReference } from '../runtime/claim.ts';
import { parseTime } from '../runtime/time.ts';
import {
  compareRevisions,
  countIn,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  newSetAnnotations,
  revisionOf,
  withReplicas,
} from './annotations.ts';
import { isRollingUpdate, maxSurge, replicasOf } from './limits.ts';

const HASH_LABEL = 'pod-template-hash';
const MAX_NAME = 63;

/** A ReplicaSet as it is to be; `original` is what was read, undefined for one that is to be created. */
export interface Planned {
  object: ReplicaSet;
  original?: ReplicaSet;
}

/** The state a plan works on: copies that it may change. */
export interface Rollout {
  readonly deployment: Deployment;
  /** The ReplicaSet of the current template. */
  newSet?: Planned;
  /** All others, oldest first. */
  oldSets: Planned[];
}

/** Sorts the ReplicaSets of a deployment; of several with the current template the oldest counts. */
export function openRollout(deployment: Deployment, sets: readonly ReplicaSet[]): Rollout {
  const planned = [...sets].sort(byCreation).map((original): Planned => ({ object: copyOf(original), original }));
  const wanted = templateText(deployment.spec?.template);
  const newSet = planned.find(({ object }) => templateText(object.spec?.template) === wanted);
  const oldSets = planned.filter((set) => set !== newSet);
  return { deployment, oldSets, ...(newSet ? { newSet } : {}) };
}

export function allSets({ newSet, oldSets }: Rollout): Planned[] {
  return newSet ? [...oldSets, newSet] : oldSets;
}

export function sizeOf({ object }: Planned): number {
  return object.spec?.replicas ?? 1;
}

export function sumOf(sets: readonly Planned[], count: (set: ReplicaSet) => number | undefined): number {
  return sets.reduce((sum, { object }) => sum + (count(object) ?? 0), 0);
}

export const totalSize = (sets: readonly Planned[]): number => sets.reduce((sum, set) => sum + sizeOf(set), 0);

/** Sets the size, with the annotations that later proportional scaling needs. True when the size changed. */
export function resize(rollout: Rollout, set: Planned, size: number): boolean {
  const before = sizeOf(set);
  const desired = replicasOf(rollout.deployment);
  const max = desired + maxSurge(rollout.deployment);
  const { object } = set;
  if (before === size && countIn(object, DESIRED_REPLICAS) === desired && countIn(object, MAX_REPLICAS) === max) {
    return false;
  }
  object.metadata.annotations = withReplicas(object.metadata.annotations, desired, max);
  object.spec = { ...object.spec, replicas: size };
  return before !== size;
}

/** Brings revision, annotations and minReadySeconds of the current ReplicaSet up to date; gives its revision. */
export function syncNewSet(rollout: Rollout, newSet: Planned): bigint {
  const { deployment, oldSets } = rollout;
  const newest = oldSets
    .map(({ object }) => object)
    .toSorted(compareRevisions)
    .at(-1);
  const before = newest ? revisionOf(newest) : 0n;
  const revision = before < 0n ? 1n : before + 1n;
  const { object } = newSet;
  object.metadata.annotations = newSetAnnotations(deployment, object.metadata.annotations, revision);
  if ((object.spec?.minReadySeconds ?? 0) !== (deployment.spec?.minReadySeconds ?? 0)) {
    object.spec = { ...object.spec, minReadySeconds: deployment.spec?.minReadySeconds };
  }
  return revisionOf(object);
}

/** The size the current ReplicaSet may have now. Upstream: NewRSNewReplicas. */
export function allowedSize(rollout: Rollout, current: number): number {
  const { deployment } = rollout;
  const wanted = replicasOf(deployment);
  if (!isRollingUpdate(deployment)) return wanted;
  const room = wanted + maxSurge(deployment) - totalSize(allSets(rollout));
  return room <= 0 ? current : current + Math.min(room, wanted - current);
}

/** A ReplicaSet for the current template, of the size that may be had now. Upstream: getNewReplicaSet. */
export function addNewSet(rollout: Rollout): Planned {
  const { deployment } = rollout;
  const { template } = deployment.spec ?? {};
  const hash = templateHash(deployment);
  const size = allowedSize(rollout, 0);
  const labels = { ...template?.metadata?.labels, [HASH_LABEL]: hash };
  const desired = replicasOf(deployment);
  const object: ReplicaSet = {
    apiVersion: apiVersionOf('apps', 'v1'),
    kind: 'ReplicaSet',
    metadata: {
      name: `${(deployment.metadata.name ?? '').slice(0, MAX_NAME - 1 - hash.length)}-${hash}`,
      namespace: deployment.metadata.namespace,
      labels,
      annotations: withReplicas(undefined, desired, desired + maxSurge(deployment)),
      ownerReferences: [controllerReference(deployments, deployment)],
    },
    spec: {
      replicas: size,
      minReadySeconds: deployment.spec?.minReadySeconds,
      selector: {
        ...deployment.spec?.selector,
        matchLabels: { ...deployment.spec?.selector?.matchLabels, [HASH_LABEL]: hash },
      },
      template: { ...template, metadata: { ...template?.metadata, labels } } as PodTemplateSpec,
    },
  };
  const planned = { object };
  rollout.newSet = planned;
  return planned;
}

/** Differs for templates that differ, and after each collision of names. */
function templateHash(deployment: Deployment): string {
  return safeHash(`${templateText(deployment.spec?.template)}${deployment.status?.collisionCount ?? ''}`);
}

/** A template as text, without the label that only its ReplicaSet has. */
function templateText(template: PodTemplateSpec | undefined): string {
  const { [HASH_LABEL]: _, ...labels } = template?.metadata?.labels ?? {};
  const { creationTimestamp: __, ...metadata } = template?.metadata ?? {};
  return canonicalText({ ...template, metadata: { ...metadata, labels } });
}

function copyOf(set: ReplicaSet): ReplicaSet {
  return { ...set, metadata: { ...set.metadata, annotations: { ...set.metadata.annotations } }, spec: { ...set.spec } };
}

function byCreation(a: ReplicaSet, b: ReplicaSet): number {
  const order = parseTime(a.metadata.creationTimestamp) - parseTime(b.metadata.creationTimestamp);
  return order || ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1);
}
