import type { Deployment } from '../../kinds/index.ts';

/** No deadline, and no limit of the history. */
const UNLIMITED = 2_147_483_647;

export function replicasOf(deployment: Deployment): number {
  return deployment.spec?.replicas ?? 1;
}

export function isRollingUpdate(deployment: Deployment): boolean {
  return deployment.spec?.strategy?.type !== 'Recreate';
}

/** Pods that a rolling update may have beyond the wanted number. Upstream: deploymentutil.MaxSurge. */
export function maxSurge(deployment: Deployment): number {
  return isRollingUpdate(deployment) ? fenceposts(deployment).surge : 0;
}

/** Pods that may be missing from the wanted number. Upstream: deploymentutil.MaxUnavailable. */
export function maxUnavailable(deployment: Deployment): number {
  const replicas = replicasOf(deployment);
  if (!isRollingUpdate(deployment) || replicas === 0) return 0;
  return Math.min(fenceposts(deployment).unavailable, replicas);
}

/** Seconds a rollout may go without progress; undefined when it may take for ever. */
export function progressDeadline(deployment: Deployment): number | undefined {
  const seconds = deployment.spec?.progressDeadlineSeconds;
  return seconds === undefined || seconds === UNLIMITED ? undefined : seconds;
}

/** Old ReplicaSets that are kept; undefined when all are. */
export function historyLimit(deployment: Deployment): number | undefined {
  const limit = deployment.spec?.revisionHistoryLimit;
  return limit === undefined || limit === UNLIMITED ? undefined : limit;
}

/** Both being zero would stop the rollout, which happens by rounding. Upstream: ResolveFenceposts. */
function fenceposts(deployment: Deployment): { surge: number; unavailable: number } {
  const rolling = deployment.spec?.strategy?.rollingUpdate;
  const replicas = replicasOf(deployment);
  const surge = scaled(rolling?.maxSurge ?? 0, replicas, Math.ceil);
  const unavailable = scaled(rolling?.maxUnavailable ?? 0, replicas, Math.floor);
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable };
}

function scaled(value: number | string, total: number, round: (x: number) => number): number {
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(value);
  return percent ? round((Number(percent[1]) * total) / 100) : Number(value) || 0;
}
