/** The rules of metadata. Upstream: apimachinery/pkg/api/validation/objectmeta.go. */
import type { Kind, NameRule } from '../kind.ts';
import type { ObjectMeta, OwnerReference } from '../meta.ts';
import { quote } from '../quote.ts';
import type { FieldError } from '../status.ts';
import { forbiddenError, invalidError, invalidErrors, requiredError, tooLongError } from './field-error.ts';
import {
  dns1035Label,
  dns1123Label,
  dns1123Subdomain,
  labelKey,
  labelValue,
  NON_NEGATIVE,
  pathSegment,
  qualifiedName,
} from './formats.ts';

/** Keys and values of all annotations together, in bytes. */
const MAX_ANNOTATIONS = 262_144;
const MAX_MANAGER = 128;
const STANDARD_FINALIZERS = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);
/** Objects that come and go too fast to own others, as messages name them. */
const DISALLOWED_OWNERS: Readonly<Record<string, string>> = { 'v1/Event': '/v1, Kind=Event' };

const NAME_RULES: Record<NameRule, (name: string) => string[]> = {
  dns1123Subdomain,
  dns1123Label,
  dns1035Label,
  pathSegment,
  // The kind's own validation decides; the name must still fit a URL.
  other: pathSegment,
};

/** What metadata validation asks of a kind. */
export type MetaRules = Pick<Kind, 'namespaced' | 'nameRule' | 'generatedNames'>;

/** Metadata of an object as its kind asks for it, with finalizers that name their domain. */
export function validateObjectMeta(meta: ObjectMeta, kind: MetaRules): FieldError[] {
  return [...validatePlainMeta(meta, kind), ...validateFinalizerPrefixes(meta.finalizers ?? [])];
}

/** Metadata of an object as its kind asks for it. */
export function validatePlainMeta(meta: ObjectMeta, kind: MetaRules): FieldError[] {
  const { generateName: _, ...checked } = meta;
  return validateGenericMeta(kind.generatedNames === 'unchecked' ? checked : meta, kind, NAME_RULES[kind.nameRule]);
}

/** Metadata of any object, whatever its kind asks for. Upstream: ValidateObjectMetaAccessor. */
export function validateGenericMeta(
  meta: ObjectMeta,
  kind: Pick<MetaRules, 'namespaced'>,
  nameRule: (name: string) => string[] = pathSegment,
): FieldError[] {
  const errors: FieldError[] = [];
  if (meta.generateName)
    errors.push(
      ...invalidErrors('metadata.generateName', meta.generateName, nameRule(maskTrailingDash(meta.generateName))),
    );
  if (!meta.name) errors.push(requiredError('metadata.name', 'name or generateName is required'));
  else errors.push(...invalidErrors('metadata.name', meta.name, nameRule(meta.name)));
  if (kind.namespaced) {
    if (!meta.namespace) errors.push(requiredError('metadata.namespace'));
    else errors.push(...invalidErrors('metadata.namespace', meta.namespace, dns1123Label(meta.namespace)));
  } else if (meta.namespace) errors.push(forbiddenError('metadata.namespace', 'not allowed on this type'));
  if ((meta.generation ?? 0) < 0) errors.push(invalidError('metadata.generation', meta.generation, NON_NEGATIVE));
  errors.push(...validateMaps(meta));
  if (meta.ownerReferences) errors.push(...validateOwnerReferences(meta.ownerReferences));
  if (meta.finalizers) errors.push(...validateFinalizers(meta.finalizers));
  if (meta.managedFields) errors.push(...validateManagedFields(meta.managedFields));
  return errors;
}

const IMMUTABLE = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const;

/** Metadata of a changed object beside the stored one; the server's fields are already carried over. */
export function validateObjectMetaUpdate(meta: ObjectMeta, old: ObjectMeta): FieldError[] {
  return [...validateGenericMetaUpdate(meta, old), ...validateFinalizerPrefixes(meta.finalizers ?? [])];
}

/** Upstream: ValidateObjectMetaAccessorUpdate. */
export function validateGenericMetaUpdate(meta: ObjectMeta, old: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  if (old.deletionTimestamp !== undefined) {
    const before = new Set(old.finalizers);
    const added = (meta.finalizers ?? []).filter((finalizer) => !before.has(finalizer)).sort();
    if (added.length > 0) {
      const list = added.map((finalizer) => quote(finalizer)).join(', ');
      errors.push(
        forbiddenError(
          'metadata.finalizers',
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
        ),
      );
    }
  }
  if ((meta.generation ?? 0) < (old.generation ?? 0))
    errors.push(invalidError('metadata.generation', meta.generation ?? 0, 'must not be decremented'));
  for (const field of IMMUTABLE) {
    if ((meta[field] ?? '') !== (old[field] ?? ''))
      errors.push(invalidError(`metadata.${field}`, meta[field] ?? '', 'field is immutable'));
  }
  errors.push(...validateMaps(meta));
  if (meta.ownerReferences) errors.push(...validateOwnerReferences(meta.ownerReferences));
  if (meta.managedFields) errors.push(...validateManagedFields(meta.managedFields));
  return errors;
}

function validateMaps(meta: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  if (meta.labels) errors.push(...validateLabels(meta.labels, 'metadata.labels'));
  if (meta.annotations) errors.push(...validateAnnotations(meta.annotations, 'metadata.annotations'));
  return errors;
}

/** A generated name goes on after its trailing dash, so the dash counts as a letter. */
function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name;
}

export function validateLabels(labels: Readonly<Record<string, string>>, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(labels)) {
    errors.push(...invalidErrors(field, key, labelKey(key)), ...invalidErrors(field, value, labelValue(value)));
  }
  return errors;
}

export function validateAnnotations(annotations: Readonly<Record<string, string>>, field: string): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(annotations)) {
    errors.push(...invalidErrors(field, key, qualifiedName(key.toLowerCase())));
    size += byteLength(key) + byteLength(value);
  }
  if (size > MAX_ANNOTATIONS) errors.push(tooLongError(field, MAX_ANNOTATIONS));
  return errors;
}

/** Length in UTF-8. */
function byteLength(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // Each half of a surrogate pair counts two of its four bytes.
    bytes += code < 0x80 ? 1 : code < 0x800 || (code >= 0xd800 && code <= 0xdfff) ? 2 : 3;
  }
  return bytes;
}

function validateOwnerReferences(owners: readonly OwnerReference[]): FieldError[] {
  const field = 'metadata.ownerReferences';
  const errors: FieldError[] = [];
  let controller: OwnerReference | undefined;
  for (const owner of owners) {
    const parts = owner.apiVersion.split('/');
    const version = parts.length > 2 ? '' : (parts.at(-1) ?? '');
    if (version === '') errors.push(invalidError(`${field}.apiVersion`, owner.apiVersion, 'version must not be empty'));
    for (const name of ['kind', 'name', 'uid'] as const) {
      if (!owner[name]) errors.push(invalidError(`${field}.${name}`, owner[name], 'must not be empty'));
    }
    const disallowed = DISALLOWED_OWNERS[`${owner.apiVersion}/${owner.kind}`];
    if (disallowed !== undefined)
      errors.push(invalidError(field, owner, `${disallowed} is disallowed from being an owner`));
    if (owner.controller !== true) continue;
    if (controller) {
      const pair = `${controller.kind}/${controller.name} and ${owner.kind}/${owner.name}`;
      errors.push(
        invalidError(
          field,
          owners,
          `Only one reference can have Controller set to true. Found "true" in references for ${pair}`,
        ),
      );
    } else controller = owner;
  }
  return errors;
}

function validateFinalizers(finalizers: readonly string[]): FieldError[] {
  const errors = finalizers.flatMap((finalizer) =>
    invalidErrors('metadata.finalizers', finalizer, qualifiedName(finalizer)),
  );
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    errors.push(
      invalidError('metadata.finalizers', finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'),
    );
  }
  return errors;
}

function validateFinalizerPrefixes(finalizers: readonly string[]): FieldError[] {
  return finalizers.flatMap((finalizer, index) =>
    finalizer.includes('/') || STANDARD_FINALIZERS.has(finalizer)
      ? []
      : [
          invalidError(
            `metadata.finalizers[${index}]`,
            finalizer,
            'name is neither a standard finalizer name nor is it fully qualified',
          ),
        ],
  );
}

function validateManagedFields(entries: NonNullable<ObjectMeta['managedFields']>): FieldError[] {
  return entries.flatMap((entry, index) => {
    const field = `metadata.managedFields[${index}]`;
    const errors: FieldError[] = [];
    if (entry.operation !== 'Apply' && entry.operation !== 'Update') {
      errors.push(invalidError(`${field}.operation`, entry.operation ?? '', 'must be `Apply` or `Update`'));
    }
    if (entry.fieldsType && entry.fieldsType !== 'FieldsV1')
      errors.push(invalidError(`${field}.fieldsType`, entry.fieldsType, 'must be `FieldsV1`'));
    if ((entry.manager?.length ?? 0) > MAX_MANAGER) errors.push(tooLongError(`${field}.manager`, MAX_MANAGER));
    return errors;
  });
}
