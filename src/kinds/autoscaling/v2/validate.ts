/** Rules of autoscalers. Upstream: pkg/apis/autoscaling/validation. */
import { parseQuantity } from '../../../machinery/quantity.ts';
import type { FieldError } from '../../../machinery/status.ts';
import {
  forbiddenError,
  invalidError,
  invalidErrors,
  notSupportedError,
  pathSegment,
  requiredError,
} from '../../../machinery/validation/index.ts';
import type {
  HorizontalPodAutoscaler,
  HPAScalingRules,
  MetricSpec,
  MetricTarget,
} from '../../generated/types/autoscaling-v2.ts';

const SELECT_POLICIES = ['Disabled', 'Max', 'Min'];
const POLICY_TYPES = ['Percent', 'Pods'];
const SOURCES = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];
const MAX_PERIOD = 1800;
const MAX_WINDOW = 3600;
const TO_ZERO = 'must specify at least one Object or External metric to support scaling to zero replicas';

/** Scaling to zero is a gate that is off, so at least one replica stays. */
export function validateAutoscaler({ spec }: HorizontalPodAutoscaler): FieldError[] {
  const errors: FieldError[] = [];
  const { minReplicas, maxReplicas } = spec;
  if (minReplicas !== undefined && minReplicas < 1)
    errors.push(invalidError('spec.minReplicas', minReplicas, 'must be greater than or equal to 1'));
  if (maxReplicas < 1) errors.push(requiredError('spec.maxReplicas', 'must be set and greater than 0'));
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    errors.push(invalidError('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'));
  }
  errors.push(...validateTarget(spec.scaleTargetRef, 'spec.scaleTargetRef'));
  for (const [index, metric] of (spec.metrics ?? []).entries())
    errors.push(...validateMetric(metric, `spec.metrics[${index}]`));
  if (minReplicas === 0 && !spec.metrics?.some((metric) => metric.type === 'Object' || metric.type === 'External')) {
    errors.push(forbiddenError('spec.metrics', TO_ZERO));
  }
  if (spec.behavior?.scaleUp) errors.push(...validateRules(spec.behavior.scaleUp, 'spec.behavior.scaleUp'));
  if (spec.behavior?.scaleDown) errors.push(...validateRules(spec.behavior.scaleDown, 'spec.behavior.scaleDown'));
  return errors;
}

function validateTarget(ref: HorizontalPodAutoscaler['spec']['scaleTargetRef'], path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['kind', 'name'] as const) {
    if (!ref[field]) errors.push(requiredError(`${path}.${field}`));
    else errors.push(...invalidErrors(`${path}.${field}`, ref[field], pathSegment(ref[field])));
  }
  const apiVersion = ref.apiVersion ?? '';
  if (apiVersion.split('/').length > 2)
    errors.push(invalidError(`${path}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  else if (!apiVersion.includes('/') && ref.kind !== CORE_SCALABLE)
    errors.push(invalidError(`${path}.apiVersion`, apiVersion, 'apiVersion must specify API group'));
  return errors;
}

/** The one kind of the core group that can be scaled. */
const CORE_SCALABLE = 'ReplicationController';

function validateMetric(metric: MetricSpec, path: string): FieldError[] {
  if (!metric.type) return [requiredError(`${path}.type`, 'must specify a metric source type')];
  if (!SOURCES.includes(metric.type)) return [notSupportedError(`${path}.type`, metric.type, SOURCES)];
  const field = `${metric.type.charAt(0).toLowerCase()}${metric.type.slice(1)}` as
    | 'containerResource'
    | 'external'
    | 'object'
    | 'pods'
    | 'resource';
  const source = metric[field] as { name?: string; target?: MetricTarget } | undefined;
  if (!source) return [requiredError(`${path}.${field}`, 'must populate information for the given metric source')];
  const errors: FieldError[] = [];
  if ((field === 'resource' || field === 'containerResource') && !source.name)
    errors.push(requiredError(`${path}.${field}.name`, 'must specify a resource name'));
  const { averageUtilization, averageValue, value } = source.target ?? {};
  const at = `${path}.${field}.target`;
  if (averageUtilization !== undefined && averageUtilization < 1)
    errors.push(invalidError(`${at}.averageUtilization`, averageUtilization, 'must be greater than 0'));
  for (const [name, text] of [
    ['averageValue', averageValue],
    ['value', value],
  ] as const) {
    if (text !== undefined && parseQuantity(text).sign <= 0)
      errors.push(invalidError(`${at}.${name}`, text, 'must be positive'));
  }
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
