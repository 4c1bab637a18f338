/** Rules of nodes. Upstream: core/validation ValidateNode. */
import { quote } from '../../../machinery/quote.ts';
import type { FieldError } from '../../../machinery/status.ts';
import {
  canonicalWarning,
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
import { jsonObjectError, jsonTypeName } from '../../json-error.ts';
import { decodeAnnotatedList } from './annotated-list.ts';
import { joined } from './pod-spec/validate-scheduling.ts';
import { validateResourceValue } from './resource-names.ts';

const TAINTS = 'scheduler.alpha.kubernetes.io/taints';
const TAINT = { name: 'core.Taint', fields: { Key: 'string', Value: 'string', Effect: 'core.TaintEffect' } };
const AVOID_PODS = 'scheduler.alpha.kubernetes.io/preferAvoidPods';
const MAX_FEATURE_NAME = 253;
const FEATURE_NAME = /^[A-Z][a-zA-Z0-9]*(\/[a-zA-Z][a-zA-Z0-9]*)*$/;
const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** The path is upstream's, though the taints are in the spec. */
function validateTaints(taints: readonly Taint[], path = 'metadata.taints'): FieldError[] {
  const seen = new Set<string>();
  return taints.flatMap((taint, index) => {
    const at = `${path}[${index}]`;
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

/** Taints as they were before they had a field. Upstream: ValidateTaintsInNodeAnnotations. */
function validateTaintsText({ metadata }: Node): FieldError[] {
  const text = metadata.annotations?.[TAINTS];
  if (!text) return [];
  const list = decodeAnnotatedList<Partial<Taint>>(text, TAINT);
  if ('why' in list) return [invalidError('metadata.annotations', TAINTS, list.why)];
  return validateTaints(
    list.items.map(({ key = '', effect = '', ...rest }) => ({ ...rest, key, effect })),
    `metadata.annotations.${TAINTS}`,
  );
}

const validateAmounts = (list: Readonly<Record<string, string>> | undefined, path: string): FieldError[] =>
  Object.entries(list ?? {}).flatMap(([name, text]) => validateResourceValue(name, text, `${path}.${name}`));

const validateStatusAmounts = ({ status }: Node): FieldError[] => [
  ...validateAmounts(status?.capacity, 'status.capacity'),
  ...validateAmounts(status?.allocatable, 'status.allocatable'),
];

export const validateNode = (node: Node): FieldError[] => [
  ...validateTaintsText(node),
  ...validateAvoidPods(node),
  ...validateTaints(node.spec.taints ?? []),
  ...validateStatusAmounts(node),
  ...validateSwap(node),
  ...validateDeclaredFeatures(node.status?.declaredFeatures ?? []),
  ...validatePodCIDRs(node.spec.podCIDRs ?? []),
];

/** The path is upstream's, though the swap is in the status. */
function validateSwap({ status }: Node): FieldError[] {
  const capacity = status?.nodeInfo?.swap?.capacity;
  if (capacity === undefined || Number(capacity) > 0) return [];
  return [invalidError('metadata.nodeSwapStatus.capacity', capacity, 'must be greater than zero')];
}

/** Upstream: validateNodeDeclaredFeatures. */
function validateDeclaredFeatures(features: readonly string[]): FieldError[] {
  const path = 'status.declaredFeatures';
  return features.flatMap((feature, index) => {
    const why = featureError(feature);
    const errors = why === undefined ? [] : [invalidError(`${path}[${index}]`, feature, why)];
    const next = features[index + 1];
    const at = `${path}[${index + 1}]`;
    if (next === feature) errors.push(duplicateError(at, next));
    else if (next !== undefined && feature > next)
      errors.push(invalidError(at, next, 'list must be sorted alphabetically'));
    return errors;
  });
}

function featureError(name: string): string | undefined {
  const shown = `invalid feature name ${quote(name)}`;
  if (name.length > MAX_FEATURE_NAME) return `${shown}: must be no more than ${MAX_FEATURE_NAME} characters`;
  if (FEATURE_NAME.test(name)) return undefined;
  return `${shown}: must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes`;
}

/** An annotation that names pods to be kept off the node. Upstream: ValidateAvoidPodsInNodeAnnotations. */
function validateAvoidPods({ metadata }: Node): FieldError[] {
  const text = metadata.annotations?.[AVOID_PODS];
  if (!text) return [];
  const at = 'metadata.annotations';
  const why = jsonObjectError(text, 'v1.AvoidPods');
  if (why !== undefined) return [invalidError(`${at}.AvoidPods`, AVOID_PODS, why)];
  const { preferAvoidPods } = (JSON.parse(text) ?? {}) as { preferAvoidPods?: unknown };
  if (preferAvoidPods === undefined || preferAvoidPods === null) return [];
  if (!Array.isArray(preferAvoidPods)) {
    const field = 'Go struct field AvoidPods.preferAvoidPods of type []v1.PreferAvoidPodsEntry';
    const found = `json: cannot unmarshal ${jsonTypeName(preferAvoidPods)} into ${field}`;
    return [invalidError(`${at}.AvoidPods`, AVOID_PODS, found)];
  }
  return preferAvoidPods.flatMap((entry: AvoidPods | null, index) => {
    const field = `${at}.${AVOID_PODS}[${index}].PodSignature`;
    const owner = entry?.podSignature?.podController;
    if (!owner) return [requiredError(field)];
    return owner.controller === true
      ? []
      : [invalidError(`${field}.PodController.Controller`, false, 'must point to a controller')];
  });
}

interface AvoidPods {
  podSignature?: { podController?: { controller?: boolean } };
}

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
  const errors = [
    ...validateTaintsText(node),
    ...validateAvoidPods(node),
    ...validateStatusAmounts(node),
    ...validateDeclaredFeatures(status?.declaredFeatures ?? []),
  ];
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

/** Upstream: registry/core/node nodeWarnings. */
export function nodeWarnings({ spec }: Node): string[] {
  const warnings: string[] = [];
  if (spec.configSource) warnings.push('spec.configSource: the feature is removed');
  if (spec.externalID) warnings.push('spec.externalID: this field is deprecated, and is unused by Kubernetes');
  for (const [index, range] of (spec.podCIDRs ?? []).entries())
    warnings.push(...canonicalWarning(range, `spec.podCIDRs[${index}]`));
  return warnings;
}
