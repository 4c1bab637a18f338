import type { Deployment, ReplicaSet } from '../../kinds/index.ts';

export const REVISION = 'deployment.kubernetes.io/revision';
const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
export const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
export const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';

/** Annotations of a deployment that are about itself and not handed to its ReplicaSets. */
const OWN_ANNOTATIONS = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deprecated.deployment.rollback.to',
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
]);

/** Characters of the history annotation. */
const MAX_HISTORY = 2000;

/** The revision of a deployment or ReplicaSet; 0 when it has none. */
export function revisionOf(object: Deployment | ReplicaSet): number {
  const revision = Number(object.metadata.annotations?.[REVISION] ?? 0);
  return Number.isSafeInteger(revision) ? revision : 0;
}

/** A count that an annotation holds, if it does. */
export function countIn(object: ReplicaSet, annotation: string): number | undefined {
  const count = Number(object.metadata.annotations?.[annotation] ?? Number.NaN);
  return Number.isSafeInteger(count) ? count : undefined;
}

/** The annotations of a ReplicaSet that says how far it may grow. */
export function withReplicas(
  annotations: Record<string, string> | undefined,
  desired: number,
  max: number,
): Record<string, string> {
  return { ...annotations, [DESIRED_REPLICAS]: String(desired), [MAX_REPLICAS]: String(max) };
}

/**
 * The annotations of the ReplicaSet of the current template: the deployment's, and the revision, which only rises;
 * revisions it had before stay readable. Upstream: SetNewReplicaSetAnnotations.
 */
export function newSetAnnotations(
  deployment: Deployment,
  current: Record<string, string> | undefined,
  revision: number,
): Record<string, string> {
  const annotations = { ...current };
  for (const [name, value] of Object.entries(deployment.metadata.annotations ?? {})) {
    if (!OWN_ANNOTATIONS.has(name)) annotations[name] = value;
  }
  const before = annotations[REVISION];
  if (Number(before ?? 0) >= revision) return annotations;
  annotations[REVISION] = String(revision);
  if (before === undefined) return annotations;
  const history = annotations[REVISION_HISTORY] ? annotations[REVISION_HISTORY].split(',') : [];
  history.push(before);
  while (history.join(',').length > MAX_HISTORY) history.shift();
  annotations[REVISION_HISTORY] = history.join(',');
  return annotations;
}
