/** Rules of autoscalers. Upstream: pkg/apis/autoscaling/validation. */
import { parseQuantity } from '../../../machinery/quantity.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { forbiddenError, invalidError, notSupportedError, requiredError } from '../../../machinery/validation/index.ts';
import type { HorizontalPodAutoscaler, HPAScalingRules } from '../../generated/types/autoscaling-v2.ts';
import { nonNegative } from '../../numbers.ts';

import { validateMetric } from './validate-metrics.ts';
import { validateReference } from './validate-reference.ts';

const SELECT_POLICIES = ['Disabled', 'Max', 'Min'];
const POLICY_TYPES = ['Percent', 'Pods'];
const MAX_PERIOD = 1800;
const MAX_WINDOW = 3600;
const TO_ZERO = 'must specify at least one Object or External metric to support scaling to zero replicas';

/** Scaling to zero is a gate that is off, so at least one replica stays. */
export function validateAutoscaler({ spec }: HorizontalPodAutoscaler): FieldError[] {
  const errors: FieldError[] = [];
  const { minReplicas, maxReplicas } = spec;
  if (minReplicas !== undefined && minReplicas < 1)
    errors.push(invalidError('spec.minReplicas', minReplicas, 'must be greater than or equal to 1'));
  if (maxReplicas === 0) errors.push(requiredError('spec.maxReplicas', 'must be set and greater than 0'));
  if (maxReplicas < 0) errors.push(invalidError('spec.maxReplicas', maxReplicas, 'must be greater than or equal to 1'));
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    errors.push(invalidError('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'));
  }
  errors.push(...validateReference(spec.scaleTargetRef, 'spec.scaleTargetRef', true));
  for (const [index, metric] of (spec.metrics ?? []).entries())
    errors.push(...validateMetric(metric, `spec.metrics[${index}]`));
  if (minReplicas === 0 && !spec.metrics?.some((metric) => metric.type === 'Object' || metric.type === 'External')) {
    errors.push(forbiddenError('spec.metrics', TO_ZERO));
  }
  if (spec.behavior?.scaleUp) errors.push(...validateRules(spec.behavior.scaleUp, 'spec.behavior.scaleUp'));
  if (spec.behavior?.scaleDown) errors.push(...validateRules(spec.behavior.scaleDown, 'spec.behavior.scaleDown'));
  return errors;
}

function validateRules(
  { stabilizationWindowSeconds: window, selectPolicy, policies, tolerance }: HPAScalingRules,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (window !== undefined && window < 0)
    errors.push(invalidError(`${path}.stabilizationWindowSeconds`, window, 'must be greater than or equal to zero'));
  if (window !== undefined && window > MAX_WINDOW)
    errors.push(
      invalidError(`${path}.stabilizationWindowSeconds`, window, `must be less than or equal to ${MAX_WINDOW}`),
    );
  if (selectPolicy !== undefined && !SELECT_POLICIES.includes(selectPolicy))
    errors.push(notSupportedError(`${path}.selectPolicy`, selectPolicy, SELECT_POLICIES));
  if (!policies?.length) errors.push(requiredError(`${path}.policies`, 'must specify at least one Policy'));
  for (const [index, { type, value, periodSeconds }] of (policies ?? []).entries()) {
    const at = `${path}.policies[${index}]`;
    if (!POLICY_TYPES.includes(type)) errors.push(notSupportedError(`${at}.type`, type, POLICY_TYPES));
    if (value <= 0) errors.push(invalidError(`${at}.value`, value, 'must be greater than zero'));
    if (periodSeconds <= 0)
      errors.push(invalidError(`${at}.periodSeconds`, periodSeconds, 'must be greater than zero'));
    if (periodSeconds > MAX_PERIOD)
      errors.push(invalidError(`${at}.periodSeconds`, periodSeconds, `must be less than or equal to ${MAX_PERIOD}`));
  }
  if (tolerance !== undefined && parseQuantity(tolerance).sign < 0)
    errors.push(invalidError(`${path}.tolerance`, tolerance, 'must be greater than or equal to 0'));
  return errors;
}

export function validateAutoscalerStatus({ status }: Pick<HorizontalPodAutoscaler, 'status'>): FieldError[] {
  return [
    ...nonNegative(status?.currentReplicas, 'status.currentReplicas'),
    ...nonNegative(status?.desiredReplicas, 'status.desiredReplicas'),
  ];
}
