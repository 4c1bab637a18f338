/** Where a pod may run. Upstream: core/validation ValidateTolerations, validateAffinity, validateTopologySpreadConstraints. */
import type { FieldError } from '../../../../machinery/status.ts';
import {
  dns1123Label,
  dns1123Subdomain,
  duplicateError,
  forbiddenError,
  invalidError,
  invalidErrors,
  labelKey,
  labelValue,
  notSupportedError,
  requiredError,
} from '../../../../machinery/validation/index.ts';
import type {
  Affinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinityTerm,
  Toleration,
  TopologySpreadConstraint,
} from '../../../generated/types/core-v1.ts';
import { validateLabelSelector } from '../../../label-selector.ts';

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function validateTolerations(tolerations: readonly Toleration[], path: string): FieldError[] {
  return tolerations.flatMap((toleration, index) => {
    const at = `${path}[${index}]`;
    const { key, operator = '', value = '', effect, tolerationSeconds } = toleration;
    const errors: FieldError[] = [];
    if (key) errors.push(...invalidErrors(`${at}.key`, key, labelKey(key)));
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
    if (operator === 'Equal' || operator === '') errors.push(...joined(`${at}.operator`, value, labelValue(value)));
    else if (operator === 'Exists') {
      if (value !== '')
        errors.push(invalidError(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'"));
    } else if (operator === 'Gt' || operator === 'Lt')
      errors.push(notSupportedError(`${at}.operator`, operator, ['Equal', 'Exists', 'Lt', 'Gt']));
    else errors.push(notSupportedError(`${at}.operator`, operator, ['Equal', 'Exists']));
    if (effect && !EFFECTS.includes(effect)) errors.push(notSupportedError(`${at}.effect`, effect, EFFECTS));
    return errors;
  });
}

/** Several findings as one error. */
export const joined = (path: string, value: string, texts: readonly string[]): FieldError[] =>
  texts.length === 0 ? [] : [invalidError(path, value, texts.join(';'))];

/** `values`: check the values of labels, too. Upstream: ValidateNodeSelectorTerm. */
export function validateNodeSelectorTerm(term: NodeSelectorTerm, path: string, values = true): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, requirement] of (term.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${index}]`;
    errors.push(
      ...validateOperator(requirement, at),
      ...invalidErrors(`${at}.key`, requirement.key, labelKey(requirement.key)),
    );
    if (!values) continue;
    for (const [position, value] of (requirement.values ?? []).entries())
      errors.push(...invalidErrors(`${at}.values[${position}]`, value, labelValue(value)));
  }
  for (const [index, { key, operator, values: names = [] }] of (term.matchFields ?? []).entries()) {
    const at = `${path}.matchFields[${index}]`;
    if (operator !== 'In' && operator !== 'NotIn')
      errors.push(invalidError(`${at}.operator`, operator, 'not a valid selector operator'));
    else if (names.length !== 1) {
      const why = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
      errors.push(requiredError(`${at}.values`, why));
    }
    if (key !== 'metadata.name') errors.push(invalidError(`${at}.key`, key, 'not a valid field selector key'));
    else
      for (const [position, name] of names.entries())
        errors.push(...invalidErrors(`${at}.values[${position}]`, name, dns1123Subdomain(name)));
  }
  return errors;
}

function validateOperator({ operator, values }: NodeSelectorRequirement, path: string): FieldError[] {
  const count = values?.length ?? 0;
  switch (operator) {
    case 'In':
    case 'NotIn':
      return count > 0 ? [] : [requiredError(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
    case 'Exists':
    case 'DoesNotExist':
      return count === 0
        ? []
        : [forbiddenError(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
    case 'Gt':
    case 'Lt':
      return count === 1
        ? []
        : [requiredError(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'")];
    default:
      return [invalidError(`${path}.operator`, operator, 'not a valid selector operator')];
  }
}

/** Upstream: ValidateNodeSelector. */
export function validateNodeSelector({ nodeSelectorTerms }: NodeSelector, path: string): FieldError[] {
  const at = `${path}.nodeSelectorTerms`;
  if (!nodeSelectorTerms?.length) return [requiredError(at, 'must have at least one node selector term')];
  return nodeSelectorTerms.flatMap((term, index) => validateNodeSelectorTerm(term, `${at}[${index}]`));
}

const validateWeight = (weight: number, path: string): FieldError[] =>
  weight <= 0 || weight > 100 ? [invalidError(`${path}.weight`, weight, 'must be in the range 1-100')] : [];

export function validateAffinity({ nodeAffinity, podAffinity, podAntiAffinity }: Affinity, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const required = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (required)
    errors.push(
      ...validateNodeSelector(required, `${path}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution`),
    );
  const preferred = nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  for (const [index, { weight, preference }] of preferred.entries()) {
    const at = `${path}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
    // A preference that no node can meet does no harm.
    errors.push(...validateWeight(weight, at), ...validateNodeSelectorTerm(preference, `${at}.preference`, false));
  }
  for (const [name, affinity] of [
    ['podAffinity', podAffinity],
    ['podAntiAffinity', podAntiAffinity],
  ] as const) {
    for (const [index, term] of (affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).entries())
      errors.push(...validatePodTerm(term, `${path}.${name}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`));
    const weighted = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    for (const [index, { weight, podAffinityTerm }] of weighted.entries()) {
      const at = `${path}.${name}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
      errors.push(...validateWeight(weight, at), ...validatePodTerm(podAffinityTerm, `${at}.podAffinityTerm`));
    }
  }
  return errors;
}

function validatePodTerm(term: PodAffinityTerm, path: string): FieldError[] {
  const errors = [
    ...(term.labelSelector ? validateLabelSelector(term.labelSelector, `${path}.labelSelector`) : []),
    ...(term.namespaceSelector ? validateLabelSelector(term.namespaceSelector, `${path}.namespaceSelector`) : []),
  ];
  for (const namespace of term.namespaces ?? [])
    errors.push(...invalidErrors(`${path}.namespace`, namespace, dns1123Label(namespace)));
  errors.push(...validateLabelKeys(term, path));
  if (!term.topologyKey) errors.push(requiredError(`${path}.topologyKey`, 'can not be empty'));
  return [...errors, ...invalidErrors(`${path}.topologyKey`, term.topologyKey ?? '', labelKey(term.topologyKey ?? ''))];
}

/** Upstream: validateMatchLabelKeysAndMismatchLabelKeys; the selector holds what the strategy made of the keys. */
function validateLabelKeys(
  term: Pick<PodAffinityTerm, 'matchLabelKeys' | 'mismatchLabelKeys' | 'labelSelector'>,
  path: string,
): FieldError[] {
  const { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector } = term;
  const errors: FieldError[] = [];
  for (const field of ['matchLabelKeys', 'mismatchLabelKeys'] as const) {
    const keys = term[field] ?? [];
    const at = `${path}.${field}`;
    if (keys.length > 0 && !labelSelector)
      errors.push(forbiddenError(at, 'must not be specified when labelSelector is not set'));
    else
      for (const [index, key] of keys.entries()) errors.push(...invalidErrors(`${at}[${index}]`, key, labelKey(key)));
  }
  const selected = new Set(Object.keys(labelSelector?.matchLabels ?? {}));
  const indexes = new Map(matchLabelKeys.map((key, index) => [key, index]));
  for (const { key } of labelSelector?.matchExpressions ?? []) {
    const index = indexes.get(key);
    if (index !== undefined && selected.has(key))
      errors.push(invalidError(`${path}[${index}]`, key, 'exists in both matchLabelKeys and labelSelector'));
    selected.add(key);
  }
  const mismatched = new Set(mismatchLabelKeys);
  for (const [index, key] of matchLabelKeys.entries()) {
    if (mismatched.has(key)) {
      const why = 'exists in both matchLabelKeys and mismatchLabelKeys';
      errors.push(invalidError(`${path}.matchLabelKeys[${index}]`, key, why));
    }
  }
  return errors;
}

const POLICIES = ['Honor', 'Ignore'];
const WHEN = ['DoNotSchedule', 'ScheduleAnyway'];

export function validateTopologySpread(constraints: readonly TopologySpreadConstraint[], path: string): FieldError[] {
  const pairOf = (one: TopologySpreadConstraint): string => JSON.stringify([one.topologyKey, one.whenUnsatisfiable]);
  const last = new Map(constraints.map((one, index) => [pairOf(one), index]));
  return constraints.flatMap((constraint, index) => {
    const at = `${path}[${index}]`;
    const { maxSkew, topologyKey, whenUnsatisfiable: when } = constraint;
    const errors: FieldError[] = [];
    if (maxSkew <= 0) errors.push(invalidError(`${at}.maxSkew`, maxSkew, 'must be greater than zero'));
    if (!topologyKey) errors.push(requiredError(`${at}.topologyKey`, 'can not be empty'));
    if (!WHEN.includes(when)) errors.push(notSupportedError(`${at}.whenUnsatisfiable`, when, WHEN));
    if (last.get(pairOf(constraint)) !== index)
      errors.push(duplicateError(`${at}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${when}}`));
    errors.push(...validateMinDomains(constraint, `${at}.minDomains`));
    for (const field of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const) {
      const policy = constraint[field];
      if (policy !== undefined && !POLICIES.includes(policy))
        errors.push(notSupportedError(`${at}.${field}`, policy, POLICIES));
    }
    errors.push(...validateLabelKeys(constraint, at));
    if (constraint.labelSelector)
      errors.push(...validateLabelSelector(constraint.labelSelector, `${at}.labelSelector`));
    return errors;
  });
}

function validateMinDomains({ minDomains, whenUnsatisfiable }: TopologySpreadConstraint, path: string): FieldError[] {
  if (minDomains === undefined) return [];
  const errors: FieldError[] = [];
  if (minDomains <= 0) errors.push(invalidError(path, minDomains, 'must be greater than zero'));
  if (whenUnsatisfiable !== 'DoNotSchedule') {
    const why = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`;
    errors.push(invalidError(path, minDomains, why));
  }
  return errors;
}
