import type { Condition, Pod, PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../kinds/index.ts';
import { podDisruptionBudgets } from '../../kinds/index.ts';
import { apiTime } from '../../machinery/time.ts';
import type { Plan } from '../runtime/apply-plan.ts';
import { sameJson } from '../runtime/canonical.ts';
import { isReadyPod } from '../runtime/pods.ts';
import { parseTime } from '../runtime/time.ts';

/** How long an evicted pod that is still there counts as gone, in milliseconds. */
const DELETION_TIMEOUT = 120_000;
const ALLOWED = 'DisruptionAllowed';

export interface BudgetInput {
  budget: PodDisruptionBudget;
  /** The pods that it selects. */
  pods: readonly Pod[];
  /** How many pods the controllers of these want together; or why that is not known. */
  scale: number | { failure: string };
  now: number;
}

/**
 * Brings the status of a budget up to date; `requeueAfter` when an evicted pod stops counting as gone by itself.
 * Upstream: disruption.trySync and failSafe.
 */
export function planBudget({ budget, pods, scale, now }: BudgetInput): Plan & { requeueAfter?: number } {
  const old = budget.status ?? {};
  const wanted = typeof scale === 'number' ? wantedPods(budget, pods, scale) : undefined;
  if (wanted === undefined) {
    // Nobody may be evicted as long as it is not known how many there have to be.
    const { failure } = scale as { failure: string };
    const conditions = withCondition(old.conditions, { status: 'False', reason: 'SyncFailed', message: failure, now });
    return write(budget, { ...old, disruptionsAllowed: 0, conditions });
  }
  const { disrupted, requeueAfter } = stillDisrupted(old.disruptedPods ?? {}, pods, now);
  const isHealthy = (pod: Pod): boolean =>
    isReadyPod(pod) && !pod.metadata.deletionTimestamp && !Object.hasOwn(disrupted, pod.metadata.name ?? '');
  const healthy = pods.filter(isHealthy).length;
  const allowed = wanted.expected <= 0 ? 0 : Math.max(0, healthy - wanted.healthy);
  const reason = allowed > 0 ? 'SufficientPods' : 'InsufficientPods';
  const { metadata } = budget;
  const plan = write(budget, {
    ...(Object.keys(disrupted).length === 0 ? {} : { disruptedPods: disrupted }),
    currentHealthy: healthy,
    desiredHealthy: wanted.healthy,
    expectedPods: wanted.expected,
    disruptionsAllowed: allowed,
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    conditions: withCondition(old.conditions, {
      status: allowed > 0 ? 'True' : 'False',
      reason,
      message: '',
      now,
      generation: metadata.generation,
    }),
  });
  return requeueAfter === undefined ? plan : { ...plan, requeueAfter };
}

function write(budget: PodDisruptionBudget, status: PodDisruptionBudgetStatus): Plan {
  if (sameJson(status, budget.status ?? {})) return { steps: [] };
  const object = { ...budget, status };
  return { steps: [{ writes: [{ type: 'update', kind: podDisruptionBudgets, object, subresource: 'status' }] }] };
}

/** How many pods there should be, and how many of them healthy. Upstream: getExpectedPodCount. */
function wantedPods({ spec }: PodDisruptionBudget, pods: readonly Pod[], scale: number) {
  const { maxUnavailable, minAvailable } = spec ?? {};
  if (maxUnavailable !== undefined && maxUnavailable !== null)
    return { expected: scale, healthy: Math.max(0, scale - shareOf(maxUnavailable, scale)) };
  if (minAvailable === undefined || minAvailable === null) return { expected: 0, healthy: 0 };
  if (typeof minAvailable === 'number') return { expected: pods.length, healthy: minAvailable };
  return { expected: scale, healthy: shareOf(minAvailable, scale) };
}

/** A number, or a percentage of `total` rounded up. */
function shareOf(value: number | string, total: number): number {
  return typeof value === 'number' ? value : Math.ceil((Number.parseInt(value, 10) * total) / 100);
}

/** Whether a budget needs to know what the controllers of its pods want. */
export const needsScale = ({ spec }: PodDisruptionBudget): boolean =>
  (spec?.maxUnavailable !== undefined && spec.maxUnavailable !== null) || typeof spec?.minAvailable === 'string';

/** Evicted pods whose deletion is still to be seen. */
function stillDisrupted(
  evicted: Readonly<Record<string, string>>,
  pods: readonly Pod[],
  now: number,
): { disrupted: Record<string, string>; requeueAfter?: number } {
  const present = new Map(pods.map((pod) => [pod.metadata.name ?? '', pod]));
  const disrupted: Record<string, string> = {};
  let next = Number.POSITIVE_INFINITY;
  for (const [name, time] of Object.entries(evicted)) {
    const pod = present.get(name);
    const left = parseTime(time) + DELETION_TIMEOUT - now;
    if (!pod || pod.metadata.deletionTimestamp || !(left > 0)) continue;
    disrupted[name] = time;
    next = Math.min(next, left);
  }
  return Number.isFinite(next) ? { disrupted, requeueAfter: next } : { disrupted };
}

interface NewCondition {
  status: 'True' | 'False';
  reason: string;
  message: string;
  now: number;
  generation?: number | undefined;
}

function withCondition(old: readonly Condition[] = [], next: NewCondition): Condition[] {
  const { status, reason, message, now, generation } = next;
  const before = old.find(({ type }) => type === ALLOWED);
  const condition: Condition = {
    type: ALLOWED,
    status,
    reason,
    message,
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : apiTime(now),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
  return before ? old.map((one) => (one === before ? condition : one)) : [...old, condition];
}
