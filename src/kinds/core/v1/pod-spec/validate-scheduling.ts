/** Where a pod may run. Upstream: core/validation ValidateTolerations, validateAffinity, validateTopologySpreadConstraints. */
import type { FieldError } from '../../../../machinery/status.ts';
import {
  duplicateError,
  forbiddenError,
  invalidError,
  invalidErrors,
  labelValue,
  notSupportedError,
  qualifiedName,
  requiredError,
} from '../../../../machinery/validation/index.ts';
import type {
  Affinity,
  NodeSelectorTerm,
  PodAffinityTerm,
  PodSpec,
  Toleration,
  TopologySpreadConstraint,
} from '../../../generated/types/core-v1.ts';
import { validateLabelSelector } from '../../../label-selector.ts';

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const NODE_OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'];

export function validateScheduling(spec: PodSpec, path: string): FieldError[] {
  return [
    ...validateTolerations(spec.tolerations ?? [], `${path}.tolerations`),
    ...(spec.affinity ? validateAffinity(spec.affinity, `${path}.affinity`) : []),
    ...validateTopologySpread(spec.topologySpreadConstraints ?? [], `${path}.topologySpreadConstraints`),
  ];
}

export function validateTolerations(tolerations: readonly Toleration[], path: string): FieldError[] {
  return tolerations.flatMap((toleration, index) => {
    const at = `${path}[${index}]`;
    const { key, operator = '', value = '', effect, tolerationSeconds } = toleration;
    const errors: FieldError[] = [];
    if (key) errors.push(...invalidErrors(`${at}.key`, key, qualifiedName(key)));
    if (!key && operator !== 'Exists') {
      errors.push(
        invalidError(
          `${at}.operator`,
          operator,
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      );
    }
    if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
      errors.push(
        invalidError(`${at}.effect`, effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set"),
      );
    }
    if (operator === 'Equal' || operator === '')
      errors.push(...invalidErrors(`${at}.operator`, value, labelValue(value)));
    else if (operator === 'Exists') {
      if (value !== '')
        errors.push(invalidError(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'"));
    } else if (operator === 'Gt' || operator === 'Lt')
      errors.push(notSupportedError(`${at}.operator`, operator, ['Equal', 'Exists', 'Lt', 'Gt']));
    else errors.push(notSupportedError(`${at}.operator`, operator, ['Equal', 'Exists']));
    if (effect !== undefined && !EFFECTS.includes(effect))
      errors.push(notSupportedError(`${at}.effect`, effect, EFFECTS));
    return errors;
  });
}

export function validateNodeSelectorTerm(term: NodeSelectorTerm, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, { key, operator, values = [] }] of (term.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${index}]`;
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0)
        errors.push(requiredError(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0)
        errors.push(
          forbiddenError(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
        );
    } else if (operator === 'Gt' || operator === 'Lt') {
      if (values.length !== 1)
        errors.push(requiredError(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
    } else errors.push(invalidError(`${at}.operator`, operator, 'not a valid selector operator'));
    if (!NODE_OPERATORS.includes(operator) && operator === '') errors.push(requiredError(`${at}.operator`));
    errors.push(...invalidErrors(`${at}.key`, key, qualifiedName(key)));
    for (const [position, value] of values.entries())
      errors.push(...invalidErrors(`${at}.values[${position}]`, value, labelValue(value)));
  }
  for (const [index, { key, operator, values = [] }] of (term.matchFields ?? []).entries()) {
    const at = `${path}.matchFields[${index}]`;
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length !== 1)
        errors.push(
          requiredError(
            `${at}.values`,
            "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
          ),
        );
    } else errors.push(invalidError(`${at}.operator`, operator, 'not a valid selector operator'));
    if (key !== 'metadata.name') errors.push(invalidError(`${at}.key`, key, 'not a valid field selector key'));
  }
  return errors;
}

function validateAffinity({ nodeAffinity, podAffinity, podAntiAffinity }: Affinity, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const required = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (required) {
    const at = `${path}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`;
    if (!required.nodeSelectorTerms?.length)
      errors.push(requiredError(at, 'must have at least one node selector term'));
    for (const [index, term] of (required.nodeSelectorTerms ?? []).entries())
      errors.push(...validateNodeSelectorTerm(term, `${at}[${index}]`));
  }
  for (const [index, { weight, preference }] of (
    nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  ).entries()) {
    const at = `${path}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
    if (weight <= 0 || weight > 100) errors.push(invalidError(`${at}.weight`, weight, 'must be in the range 1-100'));
    errors.push(...validateNodeSelectorTerm(preference, `${at}.preference`));
  }
  for (const [name, affinity] of [
    ['podAffinity', podAffinity],
    ['podAntiAffinity', podAntiAffinity],
  ] as const) {
    for (const [index, term] of (affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
      errors.push(...validatePodTerm(term, `${path}.${name}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`));
    }
    for (const [index, { weight, podAffinityTerm }] of (
      affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    ).entries()) {
      const at = `${path}.${name}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
      if (weight <= 0 || weight > 100) errors.push(invalidError(`${at}.weight`, weight, 'must be in the range 1-100'));
      errors.push(...validatePodTerm(podAffinityTerm, `${at}.podAffinityTerm`));
    }
  }
  return errors;
}

function validatePodTerm(term: PodAffinityTerm, path: string): FieldError[] {
  const errors = [
    ...(term.labelSelector ? validateLabelSelector(term.labelSelector, `${path}.labelSelector`) : []),
    ...(term.namespaceSelector ? validateLabelSelector(term.namespaceSelector, `${path}.namespaceSelector`) : []),
  ];
  if (!term.topologyKey) errors.push(requiredError(`${path}.topologyKey`, 'can not be empty'));
  else errors.push(...invalidErrors(`${path}.topologyKey`, term.topologyKey, qualifiedName(term.topologyKey)));
  return errors;
}

const POLICIES = ['Honor', 'Ignore'];
const WHEN = ['DoNotSchedule', 'ScheduleAnyway'];

function validateTopologySpread(constraints: readonly TopologySpreadConstraint[], path: string): FieldError[] {
  const seen = new Set<string>();
  return constraints.flatMap((constraint, index) => {
    const at = `${path}[${index}]`;
    const { maxSkew, topologyKey, whenUnsatisfiable: when, minDomains, labelSelector } = constraint;
    const errors: FieldError[] = [];
    if (maxSkew <= 0) errors.push(invalidError(`${at}.maxSkew`, maxSkew, 'must be greater than zero'));
    if (!topologyKey) errors.push(requiredError(`${at}.topologyKey`, 'can not be empty'));
    if (!WHEN.includes(when)) errors.push(notSupportedError(`${at}.whenUnsatisfiable`, when, WHEN));
    const pair = `{${topologyKey}, ${when}}`;
    if (seen.has(pair)) errors.push(duplicateError(`${at}.{topologyKey, whenUnsatisfiable}`, pair));
    seen.add(pair);
    if (minDomains !== undefined) {
      if (minDomains <= 0) errors.push(invalidError(`${at}.minDomains`, minDomains, 'must be greater than zero'));
      if (when !== 'DoNotSchedule') {
        errors.push(
          invalidError(
            `${at}.minDomains`,
            minDomains,
            `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${when}`,
          ),
        );
      }
    }
    for (const field of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const) {
      const policy = constraint[field];
      if (policy !== undefined && !POLICIES.includes(policy))
        errors.push(notSupportedError(`${at}.${field}`, policy, POLICIES));
    }
    if (constraint.matchLabelKeys?.length && !labelSelector) {
      errors.push(forbiddenError(`${at}.matchLabelKeys`, 'must not be specified when labelSelector is not set'));
    }
    if (labelSelector) errors.push(...validateLabelSelector(labelSelector, `${at}.labelSelector`));
    return errors;
  });
}
