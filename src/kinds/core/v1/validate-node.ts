/** Rules of nodes. Upstream: core/validation ValidateNode. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  cidr,
  duplicateError,
  forbiddenError,
  invalidError,
  invalidErrors,
  isCIDR,
  labelKey,
  labelValue,
  notSupportedError,
  requiredError,
} from '../../../machinery/validation/index.ts';
import type { Node, Taint } from '../../generated/types/core-v1.ts';
import { joined } from './pod-spec/validate-scheduling.ts';
import { validateResourceValue } from './resource-names.ts';

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** The path is upstream's, though the taints are in the spec. */
function validateTaints(taints: readonly Taint[]): FieldError[] {
  const seen = new Set<string>();
  return taints.flatMap((taint, index) => {
    const at = `metadata.taints[${index}]`;
    const errors = invalidErrors(`${at}.key`, taint.key, labelKey(taint.key));
    if (taint.value) errors.push(...joined(`${at}.value`, taint.value, labelValue(taint.value)));
    if (!taint.effect) errors.push(requiredError(`${at}.effect`));
    else if (!EFFECTS.includes(taint.effect)) errors.push(notSupportedError(`${at}.effect`, taint.effect, EFFECTS));
    const pair = `${taint.key}:${taint.effect}`;
    if (seen.has(pair)) {
      const shown = {
        Key: taint.key,
        Value: taint.value ?? '',
        Effect: taint.effect,
        TimeAdded: taint.timeAdded ?? null,
      };
      errors.push(duplicateError(at, shown, 'taints must be unique by key and effect pair'));
    }
    seen.add(pair);
    return errors;
  });
}

const validateAmounts = (list: Readonly<Record<string, string>> | undefined, path: string): FieldError[] =>
  Object.entries(list ?? {}).flatMap(([name, text]) => validateResourceValue(name, text, `${path}.${name}`));

const validateStatusAmounts = ({ status }: Node): FieldError[] => [
  ...validateAmounts(status?.capacity, 'status.capacity'),
  ...validateAmounts(status?.allocatable, 'status.allocatable'),
];

export const validateNode = (node: Node): FieldError[] => [
  ...validateTaints(node.spec.taints ?? []),
  ...validateStatusAmounts(node),
  ...validatePodCIDRs(node.spec.podCIDRs ?? []),
];

/** One range of each family at most. */
function validatePodCIDRs(ranges: readonly string[]): FieldError[] {
  const at = 'spec.podCIDRs';
  const errors = ranges.flatMap((range, index) => invalidErrors(`${at}[${index}]`, range, cidr(range)));
  if (ranges.length <= 1) return errors;
  const wrong = ranges.findIndex((range) => !isCIDR(range));
  if (wrong >= 0) {
    const why = `invalid CIDR[${wrong}]: <nil> (invalid CIDR address: ${ranges[wrong]})`;
    const message = `Internal error: invalid PodCIDRs. failed to check with dual stack with error:${why}`;
    errors.push({ type: 'InternalError', field: at, message });
  }
  const families = new Set(ranges.map((range) => range.includes(':')));
  if (wrong >= 0 || families.size < 2 || ranges.length > 2)
    errors.push(invalidError(at, ranges, 'may specify no more than one CIDR for each IP family'));
  for (const [index, range] of ranges.entries())
    if (ranges.indexOf(range) < index) errors.push(duplicateError(`${at}[${index}]`, range));
  return errors;
}

/** The strategy checks the node, and the check of its update part of it again. */
export const validateNodeUpdate = (node: Node, old: Node): FieldError[] => [
  ...validateNode(node),
  ...validateNodeChange(node, old),
];

/** Upstream: ValidateNodeUpdate. */
export function validateNodeChange(node: Node, old: Node): FieldError[] {
  const { spec, status } = node;
  const errors = validateStatusAmounts(node);
  const seen = new Set<string>();
  for (const [index, { type, address }] of (status?.addresses ?? []).entries()) {
    const key = `${type}/${address}`;
    if (seen.has(key)) errors.push(duplicateError(`status.addresses[${index}]`, { Type: type, Address: address }));
    seen.add(key);
  }
  const before = old.spec.podCIDRs ?? [];
  const now = spec.podCIDRs ?? [];
  const moved = before.length === now.length ? before.filter((range, index) => range !== now[index]).length : 1;
  for (let i = before.length > 0 ? moved : 0; i > 0; i--)
    errors.push(forbiddenError('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'));
  if (old.spec.providerID && spec.providerID !== old.spec.providerID)
    errors.push(forbiddenError('spec.providerID', 'node updates may not change providerID except from "" to valid'));
  errors.push(...validateTaints(spec.taints ?? []));
  if ((spec.externalID ?? '') !== (old.spec.externalID ?? ''))
    errors.push(forbiddenError('spec.externalID', 'may not be updated'));
  return errors;
}

/** Upstream: pkg/api/node GetWarningsForNode; the handler of RuntimeClass has its own. */
export function nodeWarnings({ spec }: Node): string[] {
  const warnings: string[] = [];
  if (spec.configSource)
    warnings.push('spec.configSource: the feature is removed as of v1.24 and the field is ignored');
  if (spec.externalID) warnings.push('spec.externalID: this field is deprecated, and is unused by Kubernetes');
  return warnings;
}
