/** Rules of nodes. Upstream: core/validation ValidateNode. */
import { parseQuantity } from '../../../machinery/quantity.ts';
import type { FieldError } from '../../../machinery/status.ts';
import {
  cidr,
  duplicateError,
  forbiddenError,
  invalidError,
  invalidErrors,
  labelValue,
  NON_NEGATIVE,
  notSupportedError,
  qualifiedName,
  requiredError,
} from '../../../machinery/validation/index.ts';
import { equalJson } from '../../equal-json.ts';
import type { Node, Taint } from '../../generated/types/core-v1.ts';

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const WHOLE = new Set(['pods', 'persistentvolumeclaims', 'services', 'secrets', 'configmaps']);

/** The path is upstream's, though the taints are in the spec. */
function validateTaints(taints: readonly Taint[]): FieldError[] {
  const seen = new Set<string>();
  return taints.flatMap((taint, index) => {
    const at = `metadata.taints[${index}]`;
    const errors = invalidErrors(`${at}.key`, taint.key, qualifiedName(taint.key));
    if (taint.value) errors.push(...invalidErrors(`${at}.value`, taint.value, labelValue(taint.value)));
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

function validateQuantities(list: Readonly<Record<string, string>> | undefined, path: string): FieldError[] {
  return Object.entries(list ?? {}).flatMap(([name, text]) => {
    const quantity = parseQuantity(text);
    const errors: FieldError[] = [];
    if (quantity.sign < 0) errors.push(invalidError(`${path}.${name}`, text, NON_NEGATIVE));
    if (WHOLE.has(name) && quantity.milliValue() % 1000 !== 0)
      errors.push(invalidError(`${path}.${name}`, text, 'must be an integer'));
    return errors;
  });
}

export function validateNode({ spec, status }: Node): FieldError[] {
  const errors = validateTaints(spec.taints ?? []);
  errors.push(
    ...validateQuantities(status?.capacity, 'status.capacity'),
    ...validateQuantities(status?.allocatable, 'status.allocatable'),
  );
  const seen = new Set<string>();
  for (const [index, { type, address }] of (status?.addresses ?? []).entries()) {
    const key = `${type}/${address}`;
    if (seen.has(key)) errors.push(duplicateError(`status.addresses[${index}]`, { Type: type, Address: address }));
    seen.add(key);
  }
  for (const [index, range] of (spec.podCIDRs ?? []).entries())
    errors.push(...invalidErrors(`spec.podCIDRs[${index}]`, range, cidr(range)));
  return errors;
}

export function validateNodeUpdate(node: Node, old: Node): FieldError[] {
  const errors = validateNode(node);
  if (old.spec.podCIDRs?.length && !equalJson(node.spec.podCIDRs, old.spec.podCIDRs)) {
    errors.push(forbiddenError('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'));
  }
  if (old.spec.providerID && node.spec.providerID !== old.spec.providerID) {
    errors.push(forbiddenError('spec.providerID', 'node updates may not change providerID except from "" to valid'));
  }
  return errors;
}
