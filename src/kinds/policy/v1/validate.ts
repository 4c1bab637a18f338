/** Rules of disruption budgets. Upstream: pkg/apis/policy/validation. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  type Condition,
  invalidError,
  notSupportedError,
  validateConditions,
} from '../../../machinery/validation/index.ts';
import type { PodDisruptionBudget } from '../../generated/types/policy-v1.ts';
import { validateLabelSelector } from '../../label-selector.ts';
import { nonNegative, validateAtMostAll, validateIntOrPercent } from '../../numbers.ts';

const EVICTION_POLICIES = ['AlwaysAllow', 'IfHealthyBudget'];

export function validateDisruptionBudget({ spec }: PodDisruptionBudget): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
    const shown = {
      MinAvailable: spec.minAvailable,
      Selector: spec.selector ?? null,
      MaxUnavailable: spec.maxUnavailable,
      UnhealthyPodEvictionPolicy: spec.unhealthyPodEvictionPolicy ?? null,
    };
    errors.push(invalidError('spec', shown, 'minAvailable and maxUnavailable cannot be both set'));
  }
  for (const field of ['minAvailable', 'maxUnavailable'] as const) {
    errors.push(
      ...validateIntOrPercent(spec[field], `spec.${field}`),
      ...validateAtMostAll(spec[field], `spec.${field}`),
    );
  }
  if (spec.selector) errors.push(...validateLabelSelector(spec.selector, 'spec.selector'));
  const policy = spec.unhealthyPodEvictionPolicy;
  if (policy !== undefined && !EVICTION_POLICIES.includes(policy))
    errors.push(notSupportedError('spec.unhealthyPodEvictionPolicy', policy, EVICTION_POLICIES));
  return errors;
}

const STATUS_COUNTS = ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const;

/** Upstream: ValidatePodDisruptionBudgetStatusUpdate. */
export function validateBudgetStatus({ status }: PodDisruptionBudget): FieldError[] {
  if (!status) return [];
  return [
    ...validateConditions((status.conditions ?? []) as Condition[], 'status.conditions'),
    ...STATUS_COUNTS.flatMap((field) => nonNegative(status[field], `status.${field}`)),
  ];
}
