import type { FieldError } from '../machinery/status.ts';
import { invalidError } from '../machinery/validation/index.ts';
import { nonNegative } from './numbers.ts';

type Counts = Readonly<Record<string, unknown>>;

export interface CountRules {
  /** Fields that may not be negative. */
  counts: readonly string[];
  /** Fields that may not exceed `replicas`. */
  parts: readonly string[];
  /** How messages name the field that `availableReplicas` may not exceed. */
  ready: string;
}

/** What the status of replicated workloads must add up to. Upstream: apps/validation Validate…Status. */
function validateCounts(status: Counts | undefined, old: Counts | undefined, rules: CountRules): FieldError[] {
  const at = (counts: Counts | undefined, field: string): number => Number(counts?.[field] ?? 0);
  const errors = rules.counts.flatMap((field) => nonNegative(at(status, field), `status.${field}`));
  for (const field of rules.parts) {
    const value = at(status, field);
    if (value > at(status, 'replicas'))
      errors.push(invalidError(`status.${field}`, value, 'cannot be greater than status.replicas'));
  }
  if (rules.parts.length > 0 && at(status, 'availableReplicas') > at(status, 'readyReplicas')) {
    errors.push(
      invalidError(
        'status.availableReplicas',
        at(status, 'availableReplicas'),
        `cannot be greater than ${rules.ready}`,
      ),
    );
  }
  if (old?.collisionCount !== undefined && at(status, 'collisionCount') < Number(old.collisionCount)) {
    errors.push(invalidError('status.collisionCount', at(status, 'collisionCount'), 'cannot be decremented'));
  }
  return errors;
}

const REPLICA_SET: CountRules = {
  counts: [
    'replicas',
    'fullyLabeledReplicas',
    'readyReplicas',
    'availableReplicas',
    'observedGeneration',
    'terminatingReplicas',
  ],
  parts: ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'],
  ready: 'readyReplicas',
};
const STATEFUL_SET: CountRules = {
  counts: [
    'replicas',
    'readyReplicas',
    'currentReplicas',
    'updatedReplicas',
    'availableReplicas',
    'observedGeneration',
    'collisionCount',
  ],
  parts: ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'],
  ready: 'status.readyReplicas',
};
const DAEMON_SET: CountRules = {
  counts: [
    'currentNumberScheduled',
    'numberMisscheduled',
    'desiredNumberScheduled',
    'numberReady',
    'observedGeneration',
    'updatedNumberScheduled',
    'numberAvailable',
    'numberUnavailable',
    'collisionCount',
  ],
  parts: [],
  ready: '',
};

interface HasStatus {
  status?: object;
}

const validator =
  (rules: CountRules) =>
  (object: HasStatus, old: HasStatus): FieldError[] =>
    validateCounts(object.status as Counts | undefined, old.status as Counts | undefined, rules);

export const validateReplicaSetStatus = validator(REPLICA_SET);
export const validateStatefulSetStatus = validator(STATEFUL_SET);
export const validateDaemonSetStatus = validator(DAEMON_SET);
