/** Rules of config maps, secrets and claims. Upstream: core/validation. */
import { parseQuantity } from '../../../machinery/quantity.ts';
import type { FieldError } from '../../../machinery/status.ts';
import {
  configMapKey,
  dns1123Subdomain,
  forbiddenError,
  invalidError,
  invalidErrors,
  notSupportedError,
  requiredError,
  tooLongError,
} from '../../../machinery/validation/index.ts';
import { equalJson } from '../../equal-json.ts';
import type {
  ConfigMap,
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  Secret,
} from '../../generated/types/core-v1.ts';
import { validateLabelSelector } from '../../label-selector.ts';
import { validateNodeSelectorTerm } from './pod-spec/validate-scheduling.ts';

/** Bytes that the values of one object may have together. */
const MAX_SIZE = 1_048_576;
const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const IMMUTABLE = 'field is immutable when `immutable` is set';

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** Length of what base64 stands for. */
const decodedLength = (text: string): number =>
  (text.length / 4) * 3 - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0);

export function validateConfigMap({ data = {}, binaryData = {} }: ConfigMap): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(data)) {
    errors.push(...invalidErrors(`data[${key}]`, key, configMapKey(key)));
    if (Object.hasOwn(binaryData, key))
      errors.push(invalidError(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    size += value.length > MAX_SIZE / 4 ? byteLength(value) : value.length;
  }
  for (const [key, value] of Object.entries(binaryData)) {
    errors.push(...invalidErrors(`binaryData[${key}]`, key, configMapKey(key)));
    size += decodedLength(value);
  }
  if (size > MAX_SIZE) errors.push(tooLongError('[]', MAX_SIZE));
  return errors;
}

export function validateConfigMapUpdate(map: ConfigMap, old: ConfigMap): FieldError[] {
  const errors = validateConfigMap(map);
  if (old.immutable !== true) return errors;
  if (map.immutable !== true) errors.push(forbiddenError('immutable', IMMUTABLE));
  for (const field of ['data', 'binaryData'] as const)
    if (!equalJson(map[field] ?? {}, old[field] ?? {})) errors.push(forbiddenError(field, IMMUTABLE));
  return errors;
}

/** Keys that a secret of a type must have. */
const SECRET_KEYS: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
};

export function validateSecret({ data = {}, type = '', metadata }: Secret): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(data)) {
    errors.push(...invalidErrors(`data[${key}]`, key, configMapKey(key)));
    size += decodedLength(value);
  }
  if (size > MAX_SIZE) errors.push(tooLongError('data', MAX_SIZE));
  const account = 'kubernetes.io/service-account.name';
  if (type === 'kubernetes.io/service-account-token' && !metadata.annotations?.[account])
    errors.push(requiredError(`metadata.annotations[${account}]`));
  for (const key of SECRET_KEYS[type] ?? []) if (!data[key]) errors.push(requiredError(`data[${key}]`));
  if (type === 'kubernetes.io/basic-auth' && !Object.hasOwn(data, 'username') && !Object.hasOwn(data, 'password')) {
    errors.push(requiredError('data[username]'), requiredError('data[password]'));
  }
  return errors;
}

export function validateSecretUpdate(secret: Secret, old: Secret): FieldError[] {
  const errors: FieldError[] =
    secret.type === old.type ? [] : [invalidError('type', secret.type, 'field is immutable')];
  if (old.immutable === true) {
    if (secret.immutable !== true) errors.push(forbiddenError('immutable', IMMUTABLE));
    if (!equalJson(secret.data ?? {}, old.data ?? {})) errors.push(forbiddenError('data', IMMUTABLE));
  }
  return [...errors, ...validateSecret(secret)];
}

export function validateClaimSpec(spec: PersistentVolumeClaimSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!spec.accessModes?.length)
    errors.push(requiredError(`${path}.accessModes`, 'at least 1 access mode is required'));
  if (spec.selector) errors.push(...validateLabelSelector(spec.selector, `${path}.selector`));
  for (const mode of spec.accessModes ?? [])
    if (!ACCESS_MODES.includes(mode)) errors.push(notSupportedError(`${path}.accessModes`, mode, ACCESS_MODES));
  const storage = spec.resources?.requests?.['storage'];
  if (storage === undefined) errors.push(requiredError(`${path}.resources[storage]`));
  else if (parseQuantity(storage).sign <= 0)
    errors.push(invalidError(`${path}.resources[storage]`, storage, 'must be greater than zero'));
  if (spec.storageClassName)
    errors.push(
      ...invalidErrors(`${path}.storageClassName`, spec.storageClassName, dns1123Subdomain(spec.storageClassName)),
    );
  if (spec.volumeMode !== undefined && spec.volumeMode !== 'Block' && spec.volumeMode !== 'Filesystem') {
    errors.push(notSupportedError(`${path}.volumeMode`, spec.volumeMode, ['Block', 'Filesystem']));
  }
  return errors;
}

export const validateClaim = (claim: PersistentVolumeClaim): FieldError[] => validateClaimSpec(claim.spec, 'spec');

/** Fields of a volume's spec that are not its source. */
const NO_SOURCES: ReadonlySet<string> = new Set([
  'capacity',
  'accessModes',
  'claimRef',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'mountOptions',
  'volumeMode',
  'nodeAffinity',
  'volumeAttributesClassName',
]);

export function validatePersistentVolume({ spec }: PersistentVolume): FieldError[] {
  const errors: FieldError[] = [];
  if (!spec.accessModes?.length) errors.push(requiredError('spec.accessModes'));
  for (const mode of spec.accessModes ?? [])
    if (!ACCESS_MODES.includes(mode)) errors.push(notSupportedError('spec.accessModes', mode, ACCESS_MODES));
  if (!spec.capacity) errors.push(requiredError('spec.capacity'));
  const storage = spec.capacity?.['storage'];
  if (storage === undefined || Object.keys(spec.capacity ?? {}).length > 1)
    errors.push(notSupportedError('spec.capacity', spec.capacity ?? null, ['storage']));
  for (const [name, quantity] of Object.entries(spec.capacity ?? {})) {
    if (parseQuantity(quantity).sign <= 0)
      errors.push(invalidError(`spec.capacity[${name}]`, quantity, 'must be greater than zero'));
  }
  const terms = spec.nodeAffinity?.required?.nodeSelectorTerms;
  const at = 'spec.nodeAffinity.required.nodeSelectorTerms';
  if (spec.nodeAffinity?.required && !terms?.length)
    errors.push(requiredError(at, 'must have at least one node selector term'));
  for (const [index, term] of (terms ?? []).entries())
    errors.push(...validateNodeSelectorTerm(term, `${at}[${index}]`));
  const sources = Object.keys(spec).filter((field) => !NO_SOURCES.has(field));
  for (const source of sources.slice(1))
    errors.push(forbiddenError(`spec.${source}`, 'may not specify more than 1 volume type'));
  if (sources.length === 0) errors.push(requiredError('spec', 'must specify a volume type'));
  if (spec.storageClassName)
    errors.push(
      ...invalidErrors('spec.storageClassName', spec.storageClassName, dns1123Subdomain(spec.storageClassName)),
    );
  return errors;
}
