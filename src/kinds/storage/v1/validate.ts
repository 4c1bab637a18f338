/** Rules of storage classes, volume attributes classes and attachments. Upstream: pkg/apis/storage/validation. */
import { sentEmpty } from '../../../machinery/explicit-empty.ts';
import type { FieldError } from '../../../machinery/status.ts';
import {
  duplicateError,
  forbiddenError,
  invalidError,
  invalidErrors,
  labelKey,
  notSupportedError,
  qualifiedName,
  requiredError,
  tooLongError,
} from '../../../machinery/validation/index.ts';
import { equalJson } from '../../equal-json.ts';
import type { TopologySelectorTerm } from '../../generated/types/core-v1.ts';
import type { StorageClass, VolumeAttributesClass } from '../../generated/types/storage-v1.ts';

const RECLAIM = ['Delete', 'Retain'];
const BINDING = ['Immediate', 'WaitForFirstConsumer'];
const MAX_PARAMETERS = 512;
const MAX_PARAMETERS_SIZE = 256 * 1024;

export function validateStorageClass(object: StorageClass): FieldError[] {
  const { provisioner, parameters, reclaimPolicy, volumeBindingMode, allowedTopologies } = object;
  const errors = [...validateProvisioner(provisioner, 'provisioner'), ...validateParameters(parameters)];
  if (reclaimPolicy && !RECLAIM.includes(reclaimPolicy))
    errors.push(notSupportedError('reclaimPolicy', reclaimPolicy, RECLAIM));
  if (volumeBindingMode === undefined) errors.push(requiredError('volumeBindingMode'));
  else if (!BINDING.includes(volumeBindingMode))
    errors.push(notSupportedError('volumeBindingMode', volumeBindingMode, BINDING));
  return [...errors, ...validateTopologies(allowedTopologies ?? [])];
}

function validateProvisioner(name: string | undefined, path: string): FieldError[] {
  if (!name) return [requiredError(path)];
  return invalidErrors(path, name.toLowerCase(), qualifiedName(name.toLowerCase()));
}

function validateParameters(parameters: Readonly<Record<string, string>> = {}): FieldError[] {
  const entries = Object.entries(parameters);
  if (entries.length > MAX_PARAMETERS) return [tooLongError('parameters', MAX_PARAMETERS)];
  const errors = entries.some(([key]) => key === '') ? [invalidError('parameters', '', 'field can not be empty.')] : [];
  const encoder = new TextEncoder();
  const size = entries.reduce((sum, pair) => sum + encoder.encode(pair.join('')).length, 0);
  if (size > MAX_PARAMETERS_SIZE) errors.push(tooLongError('parameters', MAX_PARAMETERS_SIZE));
  return errors;
}

/**
 * Terms must differ. The server compares each term with as many empty ones as there are terms and with those before it,
 * so that a term without expressions is a duplicate of them all. Upstream: validateAllowedTopologies.
 */
function validateTopologies(terms: readonly TopologySelectorTerm[]): FieldError[] {
  const errors: FieldError[] = [];
  const seen: string[] = [];
  for (const [index, term] of terms.entries()) {
    const at = `allowedTopologies[${index}].matchLabelExpressions`;
    const { values, errors: found } = topologyValues(term, at);
    errors.push(...found);
    const text = JSON.stringify([...values].map(([key, set]) => [key, [...set].sort()]).sort());
    const same = seen.filter((other) => other === text).length + (values.size === 0 ? terms.length : 0);
    for (let i = 0; i < same; i++) errors.push(duplicateError(at, ''));
    seen.push(text);
  }
  return errors;
}

function topologyValues(
  { matchLabelExpressions }: TopologySelectorTerm,
  path: string,
): { values: Map<string, Set<string>>; errors: FieldError[] } {
  const errors: FieldError[] = [];
  const values = new Map<string, Set<string>>();
  for (const [index, { key, values: given }] of (matchLabelExpressions ?? []).entries()) {
    const at = `${path}[${index}]`;
    const list = given ?? [];
    const set = new Set<string>();
    if (list.length === 0) errors.push(requiredError(`${at}.values`));
    for (const [position, value] of list.entries()) {
      if (set.has(value)) errors.push(duplicateError(`${at}.values[${position}]`, value));
      set.add(value);
    }
    errors.push(...invalidErrors(`${at}.key`, key, labelKey(key)));
    if (values.has(key)) errors.push(duplicateError(`${at}.key`, key));
    else values.set(key, set);
  }
  return { values, errors };
}

/** Maps are shown by their keys in order. */
function shownField(object: StorageClass, field: keyof StorageClass): unknown {
  const value = object[field] ?? sentEmpty(object, field);
  return field === 'parameters' && value ? Object.fromEntries(Object.entries(value).sort()) : value;
}

/** A class is what volumes were made with, so it stays as it is. */
export function validateStorageClassUpdate(object: StorageClass, old: StorageClass): FieldError[] {
  const errors = validateStorageClass(object);
  for (const field of ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'] as const) {
    if (!equalJson(object[field] ?? null, old[field] ?? null))
      errors.push(invalidError(field, shownField(object, field), 'field is immutable'));
  }
  return errors;
}

export function validateVolumeAttributesClass({ driverName, parameters }: VolumeAttributesClass): FieldError[] {
  const errors = [...validateProvisioner(driverName, 'driverName'), ...validateParameters(parameters)];
  if (Object.keys(parameters ?? {}).length === 0)
    errors.push(requiredError('parameters', 'must contain at least one key/value pair'));
  return errors;
}

export function validateVolumeAttributesClassUpdate(
  object: VolumeAttributesClass,
  old: VolumeAttributesClass,
): FieldError[] {
  return [
    ...(['driverName', 'parameters'] as const)
      .filter((field) => !equalJson(object[field] ?? null, old[field] ?? null))
      .map((field) => forbiddenError(field, `updates to ${field} are forbidden.`)),
    ...validateVolumeAttributesClass(object),
  ];
}
