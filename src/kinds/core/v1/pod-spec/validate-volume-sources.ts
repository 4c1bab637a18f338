/** Sources that volumes of pods and persistent volumes share. Upstream: core/validation validate…VolumeSource. */
import type { FieldError } from '../../../../machinery/status.ts';
import {
  dns1123Label,
  dns1123Subdomain,
  invalidError,
  invalidErrors,
  notSupportedError,
  rangeText,
  requiredError,
  tooLongError,
} from '../../../../machinery/validation/index.ts';
import type { PersistentVolumeSpec, Volume } from '../../../generated/types/core-v1.ts';
import { noBacksteps } from './paths.ts';

type Source<K extends keyof Volume & keyof PersistentVolumeSpec> = NonNullable<Volume[K] | PersistentVolumeSpec[K]>;
type Check<T> = (source: T, path: string) => FieldError[];

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];
const MAX_DRIVER = 63;
const ISCSI_NAMES: readonly (readonly [string, RegExp])[] = [
  ['iqn', /^iqn\.\d{4}-\d{2}\.([A-Za-z0-9-.]+)(:[^,;*&$|\s]+)$/],
  ['eui', /^eui.[0-9a-fA-F]{16}$/],
  ['naa', /^naa.[0-9a-fA-F]{32}$/],
];

/** One `Required value` for each named field that is empty. */
export function requireTexts(source: object, names: readonly string[], path: string): FieldError[] {
  return names
    .filter((name) => !(source as Readonly<Record<string, unknown>>)[name])
    .map((name) => requiredError(`${path}.${name}`));
}

function partition(source: { partition?: number }, path: string): FieldError[] {
  const value = source.partition ?? 0;
  return value >= 0 && value <= 255 ? [] : [invalidError(`${path}.partition`, value, rangeText(1, 255))];
}

export const validateHostPath: Check<Source<'hostPath'>> = (source, path) => {
  if (!source.path) return [requiredError(`${path}.path`)];
  const errors = noBacksteps(source.path, `${path}.path`);
  if (!HOST_PATH_TYPES.includes(source.type ?? ''))
    errors.push(notSupportedError(`${path}.type`, source.type, HOST_PATH_TYPES));
  return errors;
};

export const validateDisk: Check<Source<'gcePersistentDisk'>> = (source, path) => [
  ...requireTexts(source, ['pdName'], path),
  ...partition(source, path),
];

export const validateElasticBlock: Check<Source<'awsElasticBlockStore'>> = (source, path) => [
  ...requireTexts(source, ['volumeID'], path),
  ...partition(source, path),
];

export const validateNFS: Check<Source<'nfs'>> = (source, path) => {
  const errors = requireTexts(source, ['server', 'path'], path);
  if (!source.path?.startsWith('/'))
    errors.push(invalidError(`${path}.path`, source.path ?? '', 'must be an absolute path'));
  return errors;
};

/** `strict` words what is no iSCSI name as pods do; persistent volumes are shorter. */
function iscsiName(name: string, path: string, strict: boolean): FieldError[] {
  const form = ISCSI_NAMES.find(([prefix]) => name.startsWith(prefix));
  if (!form) {
    return [
      invalidError(path, name, strict ? 'must be valid format starting with iqn, eui, or naa' : 'must be valid format'),
    ];
  }
  return form[1].test(name) ? [] : [invalidError(path, name, 'must be valid format')];
}

const ISCSI_TOO_LONG =
  'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';
export const iscsiTooLong = (name: string, source: Source<'iscsi'>): string | undefined =>
  source.initiatorName !== undefined && `${name}:${source.targetPortal ?? ''}`.length > 64 ? ISCSI_TOO_LONG : undefined;

/** `volume`: the name of the persistent volume that has the source; absent for a pod. */
export function validateISCSI(source: Source<'iscsi'>, path: string, volume?: string): FieldError[] {
  const errors = requireTexts(source, ['targetPortal'], path);
  const strict = volume === undefined;
  const long = volume === undefined ? undefined : iscsiTooLong(volume, source);
  if (long) errors.push(invalidError(`${path}.targetportal`, source.targetPortal, long));
  if (!source.iqn) errors.push(requiredError(`${path}.iqn`));
  else errors.push(...iscsiName(source.iqn, `${path}.iqn`, strict));
  if (source.lun < 0 || source.lun > 255) errors.push(invalidError(`${path}.lun`, source.lun, rangeText(0, 255)));
  if ((source.chapAuthDiscovery || source.chapAuthSession) && !source.secretRef)
    errors.push(requiredError(`${path}.secretRef`));
  if (!strict && source.secretRef && !source.secretRef.name) errors.push(requiredError(`${path}.secretRef.name`));
  if (source.initiatorName !== undefined)
    errors.push(...iscsiName(source.initiatorName, `${path}.initiatorname`, strict));
  return errors;
}

export const validateFC: Check<Source<'fc'>> = (source, path) => {
  const errors: FieldError[] = [];
  const [names, ids] = [source.targetWWNs?.length ?? 0, source.wwids?.length ?? 0];
  if (names === 0 && ids === 0)
    errors.push(requiredError(`${path}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both'));
  if (names > 0 && ids > 0) {
    errors.push(
      invalidError(`${path}.targetWWNs`, source.targetWWNs, 'targetWWNs and wwids can not be specified simultaneously'),
    );
  }
  if (names === 0) return errors;
  if (source.lun === undefined) errors.push(requiredError(`${path}.lun`, 'lun is required if targetWWNs is specified'));
  else if (source.lun < 0 || source.lun > 255) errors.push(invalidError(`${path}.lun`, source.lun, rangeText(0, 255)));
  return errors;
};

const PAIRS = 'must be a host:port pair or multiple pairs separated by commas';

export const validateQuobyte: Check<Source<'quobyte'>> = (source, path) => {
  const errors: FieldError[] = [];
  if (!source.registry) errors.push(requiredError(`${path}.registry`, PAIRS));
  else if ((source.tenant?.length ?? 0) >= 65)
    errors.push(requiredError(`${path}.tenant`, 'must be a UUID and may not exceed a length of 64 characters'));
  else {
    for (const pair of source.registry.split(','))
      if (!/^([^:[\]]*|\[[^[\]]*\]):[^:[\]]*$/.test(pair))
        errors.push(invalidError(`${path}.registry`, source.registry, PAIRS));
  }
  return [...errors, ...requireTexts(source, ['volume'], path)];
};

export const validateFlocker: Check<Source<'flocker'>> = (source, path) => {
  const errors: FieldError[] = [];
  const { datasetName = '', datasetUUID = '' } = source;
  if (!datasetName && !datasetUUID) errors.push(requiredError(path, 'one of datasetName and datasetUUID is required'));
  if (datasetName && datasetUUID)
    errors.push(invalidError(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'));
  if (datasetName.includes('/')) errors.push(invalidError(`${path}.datasetName`, datasetName, "must not contain '/'"));
  return errors;
};

export const validateMonitors: Check<Source<'rbd'> | Source<'cephfs'>> = (source, path) =>
  source.monitors?.length ? [] : [requiredError(`${path}.monitors`)];

export const validateRBD: Check<Source<'rbd'>> = (source, path) => [
  ...validateMonitors(source, path),
  ...requireTexts(source, ['image'], path),
];

export const validateFlex: Check<Source<'flexVolume'>> = (source, path) => {
  const errors = requireTexts(source, ['driver'], path);
  for (const key of Object.keys(source.options ?? {})) {
    if (/(^|\.)(kubernetes|k8s)\.io$/i.test(key.split('/', 1)[0] ?? key))
      errors.push(invalidError(`${path}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved'));
  }
  return errors;
};

const CACHING = ['None', 'ReadOnly', 'ReadWrite'];
const DISK_KINDS = ['Dedicated', 'Managed', 'Shared'];
const MANAGED_URI = '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}';
const BLOB_URI = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd';

export const validateAzureDisk: Check<Source<'azureDisk'>> = (source, path) => {
  const errors = requireTexts(source, ['diskName', 'diskURI'], path);
  const { cachingMode, kind, diskURI = '' } = source;
  if (cachingMode !== undefined && !CACHING.includes(cachingMode))
    errors.push(notSupportedError(`${path}.cachingMode`, cachingMode, CACHING));
  if (kind !== undefined && !DISK_KINDS.includes(kind))
    errors.push(notSupportedError(`${path}.kind`, kind, DISK_KINDS));
  if (kind === 'Managed' && !diskURI.startsWith('/subscriptions/'))
    errors.push(notSupportedError(`${path}.diskURI`, diskURI, [MANAGED_URI]));
  if (kind !== undefined && kind !== 'Managed' && !diskURI.startsWith('https://'))
    errors.push(notSupportedError(`${path}.diskURI`, diskURI, [BLOB_URI]));
  return errors;
};

/** `namespaced`: the secret is named with its namespace, as persistent volumes do. */
export function validateSecretRef(
  ref: { name?: string; namespace?: string } | undefined,
  path: string,
  namespaced: boolean,
): FieldError[] {
  return ref ? requireTexts(ref, namespaced ? ['name', 'namespace'] : ['name'], `${path}.secretRef`) : [];
}

export function validateStorageOS(source: Source<'storageos'>, path: string, namespaced: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const { volumeName, volumeNamespace, secretRef } = source;
  if (!volumeName) errors.push(requiredError(`${path}.volumeName`));
  else errors.push(...invalidErrors(`${path}.volumeName`, volumeName, dns1123Label(volumeName)));
  if (volumeNamespace)
    errors.push(...invalidErrors(`${path}.volumeNamespace`, volumeNamespace, dns1123Label(volumeNamespace)));
  return [...errors, ...validateSecretRef(secretRef, path, namespaced)];
}

/** Upstream: ValidateCSIDriverName. */
export function validateDriverName(name: string | undefined, path: string): FieldError[] {
  if (!name) return [requiredError(path)];
  const errors = name.length > MAX_DRIVER ? [tooLongError(path, MAX_DRIVER)] : [];
  return [...errors, ...invalidErrors(path, name, dns1123Subdomain(name.toLowerCase()))];
}
