/** Rules of what a persistent volume is, alone or inside an attachment. Upstream: core/validation ValidatePersistentVolumeSpec. */
import { sentEmpty } from '../../../machinery/explicit-empty.ts';
import type { FieldError } from '../../../machinery/status.ts';
import {
  dns1123Label,
  dns1123Subdomain,
  forbiddenError,
  invalidError,
  invalidErrors,
  notSupportedError,
  requiredError,
} from '../../../machinery/validation/index.ts';
import type { PersistentVolumeSpec } from '../../generated/types/core-v1.ts';
import {
  validateAccessModes,
  validateBasicQuantity,
  validatePositive,
  validateVolumeMode,
} from './persistent-volume-claim/validate.ts';
import { noBacksteps } from './pod-spec/paths.ts';
import { validateNodeSelector } from './pod-spec/validate-scheduling.ts';
import {
  requireTexts,
  validateAzureDisk,
  validateDisk,
  validateDriverName,
  validateElasticBlock,
  validateFC,
  validateFlex,
  validateFlocker,
  validateHostPath,
  validateISCSI,
  validateMonitors,
  validateNFS,
  validateQuobyte,
  validateRBD,
  validateSecretRef,
  validateStorageOS,
} from './pod-spec/validate-volume-sources.ts';

type Spec = PersistentVolumeSpec;

/** Where a spec stands: the path of its fields, the name of its volume, and whether it is inside an attachment. */
export interface SpecScope {
  readonly path: string;
  readonly name: string;
  readonly inline?: boolean;
}

type SourceName = Extract<keyof Spec, string>;

interface SourceRule {
  name: SourceName;
  /** How messages name the source, where they do not call it by its name. */
  refused?: string;
  at?: string;
  check(source: never, path: string, volume: SpecScope): FieldError[];
}

const rule = <K extends SourceName>(
  name: K,
  check: (source: NonNullable<Spec[K]>, path: string, volume: SpecScope) => FieldError[],
  names: Pick<SourceRule, 'refused' | 'at'> = {},
): SourceRule => ({ name, check, ...names });

const texts =
  (...names: string[]) =>
  (source: object, path: string): FieldError[] =>
    requireTexts(source, names, path);

const SECRETS = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeExpandSecretRef',
] as const;

function validateCSI(source: NonNullable<Spec['csi']>, path: string): FieldError[] {
  const errors = [
    ...validateDriverName(source.driver, `${path}.driver`),
    ...requireTexts(source, ['volumeHandle'], path),
  ];
  for (const field of SECRETS) {
    const ref = source[field];
    if (!ref) continue;
    for (const [name, check] of [
      ['name', dns1123Subdomain],
      ['namespace', dns1123Label],
    ] as const) {
      const at = `${path}.${field}.${name}`;
      const value = ref[name];
      errors.push(...(value ? invalidErrors(at, value, check(value)) : [requiredError(at)]));
    }
  }
  return errors;
}

/** Upstream's order. */
export const SOURCES: readonly SourceRule[] = [
  rule('hostPath', validateHostPath),
  rule('gcePersistentDisk', validateDisk, { at: 'persistentDisk' }),
  rule('awsElasticBlockStore', validateElasticBlock),
  rule('glusterfs', (source, path) => {
    const errors = requireTexts(source, ['endpoints', 'path'], path);
    const namespace = source.endpointsNamespace;
    if (namespace === undefined) return errors;
    const at = `${path}.endpointsNamespace`;
    if (namespace === '') {
      const why = 'if the endpointnamespace is set, it must be a valid namespace name';
      return [...errors, invalidError(at, namespace, why)];
    }
    return [...errors, ...invalidErrors(at, namespace, dns1123Label(namespace))];
  }),
  rule('flocker', validateFlocker),
  rule('nfs', validateNFS),
  rule('rbd', validateRBD),
  rule('quobyte', validateQuobyte),
  rule('cephfs', validateMonitors, { refused: 'cephFS' }),
  rule('iscsi', (source, path, { name }) => validateISCSI(source, path, name)),
  rule('cinder', (source, path) => [
    ...requireTexts(source, ['volumeID'], path),
    ...validateSecretRef(source.secretRef, path, true),
  ]),
  rule('fc', validateFC),
  rule('flexVolume', validateFlex),
  rule('azureFile', (source, path) => [
    ...requireTexts(source, ['secretName', 'shareName'], path),
    ...(source.secretNamespace === '' ? [requiredError(`${path}.secretNamespace`)] : []),
  ]),
  rule('vsphereVolume', texts('volumePath')),
  rule('photonPersistentDisk', texts('pdID')),
  rule('portworxVolume', texts('volumeID')),
  rule('azureDisk', validateAzureDisk),
  rule('scaleIO', texts('gateway', 'system', 'volumeName')),
  rule('local', ({ path: file }, path) => (file ? noBacksteps(file, `${path}.path`) : [requiredError(`${path}.path`)])),
  rule('storageos', (source, path) => validateStorageOS(source, path, true)),
  rule('csi', validateCSI),
];

const RECLAIM_POLICIES = ['Delete', 'Recycle', 'Retain'];

/** Upstream calls them with `inline` for the volumes of attachments. */
export function validateVolumeSpec(spec: Spec, scope: SpecScope): FieldError[] {
  const { path, inline } = scope;
  const modes = spec.accessModes ?? [];
  return [
    ...(inline ? validateInline(spec, path) : []),
    ...(modes.length > 0 ? [] : [requiredError(`${path}.accessModes`)]),
    ...validateAccessModes(modes, `${path}.accessModes`),
    ...(inline ? [] : validateCapacity(spec, `${path}.capacity`)),
    ...validatePolicy(spec, scope),
    ...validateAffinity(spec, scope),
    ...validateSources(spec, scope),
    ...validateClasses(spec, scope),
  ];
}

const NOT_INLINE = 'may not be specified in the context of inline volumes';

function validateInline(spec: Spec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.claimRef) errors.push(forbiddenError(`${path}.claimRef`, NOT_INLINE));
  if (Object.keys(spec.capacity ?? {}).length > 0) errors.push(forbiddenError(`${path}.capacity`, NOT_INLINE));
  if (!spec.csi) errors.push(requiredError(`${path}.csi`, 'has to be specified in the context of inline volumes'));
  return errors;
}

const sorted = (amounts: Readonly<Record<string, string>>): object =>
  Object.fromEntries(Object.entries(amounts).sort(([a], [b]) => (a < b ? -1 : 1)));

function validateCapacity(spec: Spec, path: string): FieldError[] {
  const { capacity } = spec;
  const names = Object.keys(capacity ?? {});
  const errors: FieldError[] = names.length > 0 ? [] : [requiredError(path)];
  if (capacity?.storage === undefined || names.length > 1)
    errors.push(notSupportedError(path, capacity ? sorted(capacity) : sentEmpty(spec, 'capacity'), ['storage']));
  for (const [name, quantity] of Object.entries(capacity ?? {})) {
    const at = `${path}[${name}]`;
    errors.push(...validateBasicQuantity(quantity, at), ...validatePositive(quantity, at));
  }
  return errors;
}

function validatePolicy({ persistentVolumeReclaimPolicy: policy }: Spec, { path, inline }: SpecScope): FieldError[] {
  if (!policy) return [];
  const at = `${path}.persistentVolumeReclaimPolicy`;
  if (!inline) return RECLAIM_POLICIES.includes(policy) ? [] : [notSupportedError(at, policy, RECLAIM_POLICIES)];
  return policy === 'Retain' ? [] : [forbiddenError(at, 'may only be Retain in the context of inline volumes')];
}

function validateAffinity({ nodeAffinity }: Spec, { path, inline }: SpecScope): FieldError[] {
  if (!nodeAffinity) return [];
  if (inline) return [forbiddenError(`${path}.nodeAffinity`, NOT_INLINE)];
  const at = `${path}.nodeAffinity.required`;
  return nodeAffinity.required
    ? validateNodeSelector(nodeAffinity.required, at)
    : [requiredError(at, 'must specify required node constraints')];
}

function validateSources(spec: Spec, scope: SpecScope): FieldError[] {
  const { path, inline } = scope;
  const errors: FieldError[] = [];
  let sources = 0;
  for (const { name, refused = name, at = name, check } of SOURCES) {
    const source = spec[name];
    if (source === undefined || source === null) continue;
    if (sources > 0 && name !== 'flexVolume')
      errors.push(forbiddenError(`${path}.${refused}`, 'may not specify more than 1 volume type'));
    else {
      errors.push(...check(source as never, `${path}.${at}`, scope));
      if (name === 'local' && (inline || !spec.nodeAffinity))
        errors.push(requiredError(`${path}.nodeAffinity`, 'Local volume requires node affinity'));
    }
    sources++;
  }
  if (sources === 0) errors.push(requiredError(path, 'must specify a volume type'));
  if (spec.persistentVolumeReclaimPolicy === 'Recycle' && spec.hostPath && isRoot(spec.hostPath.path)) {
    const why = "may not be 'recycle' for a hostPath mount of '/'";
    errors.push(forbiddenError(`${path}.persistentVolumeReclaimPolicy`, why));
  }
  return errors;
}

/** Whether a path is the root once it is cleaned. Upstream: path.Clean. */
function isRoot(path: string): boolean {
  if (!path.startsWith('/')) return false;
  let depth = 0;
  for (const part of path.split('/')) {
    if (part === '..') depth = Math.max(0, depth - 1);
    else if (part !== '' && part !== '.') depth++;
  }
  return depth === 0;
}

function validateClasses(spec: Spec, { path, inline }: SpecScope): FieldError[] {
  const { storageClassName, volumeMode, volumeAttributesClassName: attributes } = spec;
  const errors: FieldError[] = [];
  if (storageClassName) {
    const at = `${path}.storageClassName`;
    if (inline) errors.push(forbiddenError(at, NOT_INLINE));
    else errors.push(...invalidErrors(at, storageClassName, dns1123Subdomain(storageClassName)));
  }
  if (!inline) errors.push(...validateVolumeMode(volumeMode, `${path}.volumeMode`));
  else if (volumeMode !== undefined && volumeMode !== 'Filesystem') {
    const why = 'may not specify volumeMode other than Filesystem in the context of inline volumes';
    errors.push(forbiddenError(`${path}.volumeMode`, why));
  }
  if (attributes === undefined || inline) return errors;
  const at = `${path}.volumeAttributesClassName`;
  if (attributes === '') errors.push(requiredError(at, 'an empty string is disallowed'));
  else errors.push(...invalidErrors(at, attributes, dns1123Subdomain(attributes)));
  const needed = 'has to be specified when using volumeAttributesClassName';
  if (!spec.csi) errors.push(requiredError(`${path}.csi`, needed));
  return errors;
}
