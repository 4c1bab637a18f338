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

const MAX_INT64 = 2n ** 63n - 1n;

/** The revision of a deployment or ReplicaSet; 0 when it has none. */
export function revisionOf({ metadata }: Deployment | ReplicaSet): bigint {
  return parseRevision(metadata.annotations?.[REVISION]);
}

function parseRevision(text = ''): bigint {
  const revision = /^[+-]?[0-9]{1,19}$/.test(text) ? BigInt(text.replace(/^\+/, '')) : 0n;
  return revision > MAX_INT64 || revision < -MAX_INT64 - 1n ? 0n : revision;
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

/** For sorting, the oldest first. */
export function compareRevisions(a: ReplicaSet, b: ReplicaSet): number {
  const [one, other] = [revisionOf(a), revisionOf(b)];
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/**
 * The annotations of the ReplicaSet of the current template: the deployment's, and the revision, which only rises;
 * revisions it had before stay readable. Upstream: SetNewReplicaSetAnnotations.
 */
export function newSetAnnotations(
  deployment: Deployment,
  current: Record<string, string> | undefined,
  revision: bigint,
): Record<string, string> {
  const annotations = { ...current };
  for (const [name, value] of Object.entries(deployment.metadata.annotations ?? {})) {
    if (!OWN_ANNOTATIONS.has(name)) annotations[name] = value;
  }
  const before = annotations[REVISION];
  if (parseRevision(before) >= revision) return annotations;
  annotations[REVISION] = String(revision);
  if (before === undefined) return annotations;
  const history = annotations[REVISION_HISTORY] ? annotations[REVISION_HISTORY].split(',') : [];
  history.push(before);
  while (history.join(',').length > MAX_HISTORY) history.shift();
  annotations[REVISION_HISTORY] = history.join(',');
  return annotations;
}
