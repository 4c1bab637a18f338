/** Metrics that autoscalers follow. Upstream: apis/autoscaling/validation validateMetricSpec. */
import { parseQuantity } from '../../../machinery/quantity.ts';
import type { FieldError } from '../../../machinery/status.ts';
import {
  dns1123Label,
  forbiddenError,
  invalidError,
  invalidErrors,
  notSupportedError,
  pathSegment,
  requiredError,
} from '../../../machinery/validation/index.ts';
import { validateContainerResourceName } from '../../core/v1/resource-names.ts';
import type { MetricIdentifier, MetricSpec, MetricTarget } from '../../generated/types/autoscaling-v2.ts';
import { validateReference } from './validate-reference.ts';

const TYPES = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];
const TARGET_TYPES = ['Utilization', 'Value', 'AverageValue'];
/** In the order in which the first that is set is looked into. */
const SOURCES = ['object', 'external', 'pods', 'resource', 'containerResource'] as const;
type Source = (typeof SOURCES)[number];

export function validateMetric(metric: MetricSpec, path: string): FieldError[] {
  const { type = '' } = metric;
  const errors: FieldError[] = [];
  if (type === '') errors.push(requiredError(`${path}.type`, 'must specify a metric source type'));
  const known = TYPES.includes(type);
  const unsupported = notSupportedError(`${path}.type`, type, TYPES);
  if (!known) errors.push(unsupported);
  const present = SOURCES.filter((source) => metric[source] !== undefined);
  if (present[0] !== undefined) errors.push(...VALIDATE[present[0]](metric, `${path}.${present[0]}`));
  const expected = `${type.charAt(0).toLowerCase()}${type.slice(1)}` as Source;
  if (!known) errors.push(unsupported);
  else if (metric[expected] === undefined)
    errors.push(requiredError(`${path}.${expected}`, 'must populate information for the given metric source'));
  if (present.length !== 1) {
    for (const source of present)
      if (!known || source !== expected)
        errors.push(forbiddenError(`${path}.${source}`, 'must populate the given metric source only'));
  }
  return errors;
}

const VALIDATE: Readonly<Record<Source, (metric: MetricSpec, path: string) => FieldError[]>> = {
  object({ object }, path) {
    if (!object) return [];
    const { describedObject, metric, target } = object;
    const errors = [
      ...validateReference(describedObject, `${path}.describedObject`, false),
      ...validateIdentifier(metric, `${path}.metric`),
      ...validateTarget(target, `${path}.target`),
    ];
    if (target.value === undefined && target.averageValue === undefined)
      errors.push(requiredError(`${path}.target.averageValue`, 'must set either a target value or averageValue'));
    return errors;
  },
  external({ external }, path) {
    if (!external) return [];
    const { metric, target } = external;
    const errors = [...validateIdentifier(metric, `${path}.metric`), ...validateTarget(target, `${path}.target`)];
    const [total, each] = [target.value !== undefined, target.averageValue !== undefined];
    if (!total && !each) {
      const why = 'must set either a target value for metric or a per-pod target';
      errors.push(requiredError(`${path}.target.averageValue`, why));
    }
    if (total && each) {
      const why = 'may not set both a target value for metric and a per-pod target';
      errors.push(forbiddenError(`${path}.target.value`, why));
    }
    return errors;
  },
  pods({ pods }, path) {
    if (!pods) return [];
    const { metric, target } = pods;
    const errors = [...validateIdentifier(metric, `${path}.metric`), ...validateTarget(target, `${path}.target`)];
    if (target.averageValue === undefined)
      errors.push(requiredError(`${path}.target.averageValue`, 'must specify a positive target averageValue'));
    return errors;
  },
  resource({ resource }, path) {
    if (!resource) return [];
    const errors = resource.name ? [] : [requiredError(`${path}.name`, 'must specify a resource name')];
    return [...errors, ...validateResourceTarget(resource.target, `${path}.target`)];
  },
  containerResource({ containerResource }, path) {
    if (!containerResource) return [];
    const { name, container, target } = containerResource;
    return [
      ...(name
        ? validateContainerResourceName(name, `${path}.name`)
        : [requiredError(`${path}.name`, 'must specify a resource name')]),
      ...(container
        ? invalidErrors(`${path}.container`, container, dns1123Label(container))
        : [requiredError(`${path}.container`, 'must specify a container')]),
      ...validateResourceTarget(target, `${path}.target`),
    ];
  },
};

/** Resources are followed by a share of what was requested, or by an amount. */
function validateResourceTarget(target: MetricTarget, path: string): FieldError[] {
  const errors = validateTarget(target, path);
  const [share, amount] = [target.averageUtilization !== undefined, target.averageValue !== undefined];
  if (!share && !amount) {
    const why = 'must set either a target raw value or a target utilization';
    errors.push(requiredError(`${path}.averageUtilization`, why));
  }
  if (share && amount) {
    const why = 'may not set both a target raw value and a target utilization';
    errors.push(forbiddenError(`${path}.averageValue`, why));
  }
  return errors;
}

function validateTarget(target: MetricTarget, path: string): FieldError[] {
  const { type = '', averageUtilization: share } = target;
  const errors: FieldError[] = [];
  if (type === '') errors.push(requiredError(`${path}.type`, 'must specify a metric target type'));
  if (!TARGET_TYPES.includes(type))
    errors.push(invalidError(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue'));
  for (const field of ['value', 'averageValue'] as const) {
    const amount = target[field];
    if (amount !== undefined && parseQuantity(amount).sign <= 0)
      errors.push(invalidError(`${path}.${field}`, amount, 'must be positive'));
  }
  if (share !== undefined && share < 1)
    errors.push(invalidError(`${path}.averageUtilization`, share, 'must be greater than 0'));
  return errors;
}

const validateIdentifier = ({ name }: MetricIdentifier, path: string): FieldError[] =>
  name
    ? invalidErrors(`${path}.name`, name, pathSegment(name))
    : [requiredError(`${path}.name`, 'must specify a metric name')];
