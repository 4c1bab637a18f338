/** Rules of claims. Upstream: core/validation ValidatePersistentVolumeClaim and its updates. */
import { parseQuantity } from '../../../../machinery/quantity.ts';
import type { FieldError } from '../../../../machinery/status.ts';
import {
  dns1123Label,
  dns1123Subdomain,
  forbiddenError,
  invalidError,
  invalidErrors,
  notSupportedError,
  qualifiedName,
  requiredError,
} from '../../../../machinery/validation/index.ts';
import { equalJson } from '../../../equal-json.ts';
import type {
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeClaimTemplate,
  TypedLocalObjectReference,
  TypedObjectReference,
} from '../../../generated/types/core-v1.ts';
import { internalDiff } from '../../../internal-diff.ts';
import { internalForm } from '../../../internal-form.ts';
import { validateLabelSelector } from '../../../label-selector.ts';
import { validateTemplateMetadata } from '../../../template-metadata.ts';
import { isNativeResource, validateResourceValue } from '../resource-names.ts';

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const VOLUME_MODES = ['Block', 'Filesystem'];
const RESIZE_STATES = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
];
const OLD_CLASS = 'volume.beta.kubernetes.io/storage-class';
const IMMUTABLE = 'field is immutable';

export function validateAccessModes(modes: readonly string[], path: string): FieldError[] {
  const errors = modes
    .filter((mode) => !ACCESS_MODES.includes(mode))
    .map((mode) => notSupportedError(path, mode, ACCESS_MODES));
  const known = modes.filter((mode) => ACCESS_MODES.includes(mode));
  if (known.includes('ReadWriteOncePod') && known.some((mode) => mode !== 'ReadWriteOncePod'))
    errors.push(forbiddenError(path, 'may not use ReadWriteOncePod with other access modes'));
  return errors;
}

export const validateVolumeMode = (mode: string | undefined, path: string): FieldError[] =>
  mode === undefined || VOLUME_MODES.includes(mode) ? [] : [notSupportedError(path, mode, VOLUME_MODES)];

/** A quantity that must be more than nothing. Upstream: ValidatePositiveQuantityValue. */
export const validatePositive = (quantity: string, path: string): FieldError[] =>
  parseQuantity(quantity).sign > 0 ? [] : [invalidError(path, quantity, 'must be greater than zero')];

/** Upstream: validateBasicResource. */
export function validateBasicQuantity(quantity: string, path: string): FieldError[] {
  const value = parseQuantity(quantity).value();
  return value < 0 ? [invalidError(path, value, 'must be a valid resource quantity')] : [];
}

function validateDataSource(source: TypedLocalObjectReference | TypedObjectReference, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!source.name) errors.push(requiredError(`${path}.name`));
  if (!source.kind) errors.push(requiredError(`${path}.kind`));
  const group = source.apiGroup ?? '';
  if (group === '' && source.kind !== 'PersistentVolumeClaim')
    errors.push(
      invalidError(path, source.kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"),
    );
  if (group !== '') errors.push(...invalidErrors(`${path}.apiGroup`, group, dns1123Subdomain(group)));
  const namespace = 'namespace' in source ? source.namespace : undefined;
  if (namespace) errors.push(...invalidErrors(`${path}.namespace`, namespace, dns1123Label(namespace)));
  return errors;
}

function validateDataSources(spec: PersistentVolumeClaimSpec, path: string): FieldError[] {
  const { dataSource, dataSourceRef } = spec;
  const errors: FieldError[] = [];
  if (dataSource) errors.push(...validateDataSource(dataSource, `${path}.dataSource`));
  if (dataSourceRef) errors.push(...validateDataSource(dataSourceRef, `${path}.dataSourceRef`));
  if (!dataSource || !dataSourceRef) return errors;
  if (dataSourceRef.namespace) {
    errors.push(invalidError(path, {}, 'may not be specified when dataSourceRef.namespace is specified'));
  } else if (
    (dataSource.apiGroup ?? null) !== (dataSourceRef.apiGroup ?? null) ||
    dataSource.kind !== dataSourceRef.kind ||
    dataSource.name !== dataSourceRef.name
  ) {
    errors.push(invalidError(path, {}, 'must match dataSourceRef'));
  }
  return errors;
}

export function validateClaimSpec(spec: PersistentVolumeClaimSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!spec.accessModes?.length)
    errors.push(requiredError(`${path}.accessModes`, 'at least 1 access mode is required'));
  if (spec.selector) errors.push(...validateLabelSelector(spec.selector, `${path}.selector`));
  errors.push(...validateAccessModes(spec.accessModes ?? [], `${path}.accessModes`));
  const storage = spec.resources?.requests?.storage;
  const at = `${path}.resources[storage]`;
  if (storage === undefined) errors.push(requiredError(at));
  else errors.push(...validatePositive(storage, at));
  const { storageClassName, volumeAttributesClassName } = spec;
  if (storageClassName)
    errors.push(...invalidErrors(`${path}.storageClassName`, storageClassName, dns1123Subdomain(storageClassName)));
  errors.push(...validateVolumeMode(spec.volumeMode, `${path}.volumeMode`), ...validateDataSources(spec, path));
  if (volumeAttributesClassName) {
    const field = `${path}.volumeAttributesClassName`;
    errors.push(...invalidErrors(field, volumeAttributesClassName, dns1123Subdomain(volumeAttributesClassName)));
  }
  return errors;
}

/** The template of a generic ephemeral volume. */
export const validateClaimTemplate = (
  { metadata, spec }: PersistentVolumeClaimTemplate,
  path: string,
): FieldError[] => [
  ...validateTemplateMetadata(metadata, `${path}.metadata`),
  ...validateClaimSpec(spec, `${path}.spec`),
];

export const validateClaim = (claim: PersistentVolumeClaim): FieldError[] => validateClaimSpec(claim.spec, 'spec');

/** The class may move from its old annotation, or from nowhere, to its field once. */
function upgradesClass(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): 'annotation' | 'nil' | undefined {
  const [next, before] = [claim.spec.storageClassName, old.spec.storageClassName];
  if (next === undefined || before !== undefined) return undefined;
  const annotated = old.metadata.annotations?.[OLD_CLASS];
  const now = claim.metadata.annotations?.[OLD_CLASS];
  if (annotated !== undefined && next === annotated && (now === undefined || now === annotated)) return 'annotation';
  return annotated === undefined || next === annotated ? 'nil' : undefined;
}

export function validateClaimUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const errors = validateClaim(claim);
  const next: PersistentVolumeClaimSpec = { ...claim.spec };
  const before: PersistentVolumeClaimSpec = { ...old.spec };
  if (!before.volumeName && next.volumeName) before.volumeName = next.volumeName;
  const upgrade = upgradesClass(claim, old);
  if (upgrade !== undefined) delete next.storageClassName;
  const annotation = claim.metadata.annotations?.[OLD_CLASS] ?? '';
  if (upgrade !== 'annotation' && annotation !== (old.metadata.annotations?.[OLD_CLASS] ?? ''))
    errors.push(invalidError(`metadata.annotations.${OLD_CLASS}`, annotation, IMMUTABLE));
  const bound = claim.status?.phase === 'Bound';
  const [size, oldSize] = [sizeOf(next), sizeOf(before)];
  if (bound && next.resources?.requests) {
    next.resources = { ...next.resources, requests: { ...next.resources.requests, storage: oldSize } };
  }
  if (bound) {
    if (before.volumeAttributesClassName === undefined) delete next.volumeAttributesClassName;
    else next.volumeAttributesClassName = before.volumeAttributesClassName;
  }
  if (!equalJson(next, before)) {
    const form = (spec: PersistentVolumeClaimSpec): unknown => internalForm('core/v1.PersistentVolumeClaimSpec', spec);
    errors.push(
      forbiddenError(
        'spec',
        `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${internalDiff(form(before), form(next))}`,
      ),
    );
  }
  const held = old.status?.capacity?.storage ?? '0';
  if (
    parseQuantity(size).compare(parseQuantity(oldSize)) < 0 &&
    parseQuantity(size).compare(parseQuantity(held)) <= 0
  ) {
    errors.push(forbiddenError('spec.resources.requests.storage', 'field can not be less than status.capacity'));
  }
  if (claim.spec.volumeMode !== old.spec.volumeMode)
    errors.push(invalidError('volumeMode', claim.spec.volumeMode ?? null, IMMUTABLE));
  return [...errors, ...validateAttributesClass(claim.spec.volumeAttributesClassName, old)];
}

const sizeOf = (spec: PersistentVolumeClaimSpec): string => spec.resources?.requests?.storage ?? '0';

/** A class of attributes that a volume has taken on may be changed but not taken away. */
function validateAttributesClass(name: string | undefined, { spec, status }: PersistentVolumeClaim): FieldError[] {
  if (status?.currentVolumeAttributesClassName === undefined || name) return [];
  if (name === spec.volumeAttributesClassName) return [];
  const what = name === undefined ? 'nil' : 'empty string';
  const why = `update to ${what} is forbidden when status.currentVolumeAttributesClassName is not nil`;
  return [forbiddenError('spec.volumeAttributesClassName', why)];
}

function validateResourceKey(name: string, path: string): FieldError[] {
  const errors = invalidErrors(path, name, qualifiedName(name));
  if (errors.length > 0) return errors;
  return isNativeResource(name) && name !== 'storage' ? [notSupportedError(path, name, ['storage'])] : [];
}

export function validateClaimStatus({ spec, status = {} }: PersistentVolumeClaim): FieldError[] {
  const errors: FieldError[] = [];
  if (!spec.accessModes?.length) errors.push(requiredError('Spec.accessModes'));
  for (const [name, quantity] of Object.entries(status.capacity ?? {}))
    errors.push(...validateBasicQuantity(quantity, `status.capacity[${name}]`));
  const states = 'status.allocatedResourceStatuses';
  for (const [name, state] of Object.entries(status.allocatedResourceStatuses ?? {})) {
    errors.push(...validateResourceKey(name, states));
    if (!RESIZE_STATES.includes(state)) errors.push(notSupportedError(states, name, RESIZE_STATES));
  }
  const allocated = 'status.allocatedResources';
  for (const [name, quantity] of Object.entries(status.allocatedResources ?? {})) {
    const wrongName = validateResourceKey(name, allocated);
    const wrongSize = validateBasicQuantity(quantity, `${allocated}[${name}]`);
    if (wrongName.length > 0) errors.push(...wrongName);
    else if (wrongSize.length > 0) errors.push(...wrongSize);
    else errors.push(...validateResourceValue('storage', quantity, `${allocated}[${name}]`));
  }
  return errors;
}
