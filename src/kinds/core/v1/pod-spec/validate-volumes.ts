/** Volumes of a pod spec. Upstream: core/validation ValidateVolumes. */
import type { FieldError } from '../../../../machinery/status.ts';
import {
  dns1123Label,
  duplicateError,
  forbiddenError,
  invalidError,
  invalidErrors,
  notSupportedError,
  requiredError,
} from '../../../../machinery/validation/index.ts';
import type {
  DownwardAPIVolumeFile,
  KeyToPath,
  ProjectedVolumeSource,
  Volume,
} from '../../../generated/types/core-v1.ts';
import { localPath } from './validate-containers.ts';
import { VOLUME_FIELDS, validateFieldRef, validateResourceFieldRef } from './validate-env.ts';

const MAX_MODE = 0o777;
const MODE_TEXT = 'must be a number between 0 and 0777 (octal), both inclusive';
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
const MIN_TOKEN_SECONDS = 600;
const MAX_TOKEN_SECONDS = 2 ** 32;

/** Required texts of the sources that need nothing else, by path below the source. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  awsElasticBlockStore: ['volumeID'],
  azureFile: ['secretName', 'shareName'],
  cinder: ['volumeID'],
  csi: ['driver'],
  flexVolume: ['driver'],
  gcePersistentDisk: ['pdName'],
  gitRepo: ['repository'],
  glusterfs: ['endpoints', 'path'],
  image: ['reference'],
  iscsi: ['targetPortal', 'iqn'],
  persistentVolumeClaim: ['claimName'],
  photonPersistentDisk: ['pdID'],
  portworxVolume: ['volumeID'],
  quobyte: ['registry', 'volume'],
  scaleIO: ['gateway', 'system', 'volumeName'],
  secret: ['secretName'],
  configMap: ['name'],
  vsphereVolume: ['volumePath'],
};

export function validateVolumes(volumes: readonly Volume[], path: string): FieldError[] {
  const names = new Set<string>();
  return volumes.flatMap((volume, index) => {
    const at = `${path}[${index}]`;
    const errors = validateSources(volume, at);
    if (!volume.name) errors.push(requiredError(`${at}.name`));
    else {
      const texts = dns1123Label(volume.name);
      errors.push(...invalidErrors(`${at}.name`, volume.name, texts));
      if (texts.length === 0 && names.has(volume.name)) errors.push(duplicateError(`${at}.name`, volume.name));
    }
    names.add(volume.name);
    return errors;
  });
}

function validateSources(volume: Volume, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const sources = Object.keys(volume).filter((key) => key !== 'name' && volume[key as keyof Volume] !== undefined);
  // Upstream looks at the empty directory first, which shows when there are several.
  sources.sort((a, b) => Number(b === 'emptyDir') - Number(a === 'emptyDir'));
  for (const [index, source] of sources.entries()) {
    if (index > 0) errors.push(forbiddenError(`${path}.${source}`, 'may not specify more than 1 volume type'));
    else errors.push(...validateSource(volume, source, `${path}.${source}`));
  }
  if (sources.length === 0) errors.push(requiredError(path, 'must specify a volume type'));
  return errors;
}

function validateSource(volume: Volume, source: string, path: string): FieldError[] {
  const fields = volume[source as keyof Volume] as unknown as Readonly<Record<string, unknown>>;
  const errors = (REQUIRED[source] ?? [])
    .filter((name) => !fields[name])
    .map((name) => requiredError(`${path}.${name}`));
  const { secret, configMap, downwardAPI, projected, emptyDir } = volume;
  if (secret)
    errors.push(
      ...validateMode(secret.defaultMode, `${path}.defaultMode`),
      ...validateItems(secret.items, `${path}.items`),
    );
  if (configMap)
    errors.push(
      ...validateMode(configMap.defaultMode, `${path}.defaultMode`),
      ...validateItems(configMap.items, `${path}.items`),
    );
  if (downwardAPI) {
    errors.push(...validateMode(downwardAPI.defaultMode, `${path}.defaultMode`));
    for (const item of downwardAPI.items ?? []) errors.push(...validateDownwardFile(item, path));
  }
  if (projected) errors.push(...validateProjected(projected, path));
  if (emptyDir?.sizeLimit?.startsWith('-'))
    errors.push(forbiddenError(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity'));
  return [...errors, ...validateRemaining(volume, path)];
}

/** Sources whose rules are not just required texts. */
function validateRemaining(volume: Volume, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { hostPath, nfs, rbd, cephfs, fc, ephemeral, iscsi } = volume;
  if (hostPath) {
    if (!hostPath.path) errors.push(requiredError(`${path}.path`));
    else if (hostPath.path.split('/').includes('..'))
      errors.push(invalidError(`${path}.path`, hostPath.path, "must not contain '..'"));
    if (!HOST_PATH_TYPES.includes(hostPath.type ?? ''))
      errors.push(notSupportedError(`${path}.type`, hostPath.type, HOST_PATH_TYPES));
  }
  if (nfs) {
    if (!nfs.server) errors.push(requiredError(`${path}.server`));
    if (!nfs.path) errors.push(requiredError(`${path}.path`));
    if (!nfs.path?.startsWith('/')) errors.push(invalidError(`${path}.path`, nfs.path, 'must be an absolute path'));
  }
  if (rbd) {
    if (!rbd.monitors?.length) errors.push(requiredError(`${path}.monitors`));
    if (!rbd.image) errors.push(requiredError(`${path}.image`));
  }
  if (cephfs && !cephfs.monitors?.length) errors.push(requiredError(`${path}.monitors`));
  if (fc) {
    const [wwns, wwids] = [fc.targetWWNs?.length ?? 0, fc.wwids?.length ?? 0];
    if (wwns > 0 === wwids > 0)
      errors.push(requiredError(`${path}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both'));
    if (wwns > 0 && fc.lun === undefined)
      errors.push(requiredError(`${path}.lun`, 'lun is required if targetWWNs is specified'));
  }
  if (iscsi && (iscsi.lun < 0 || iscsi.lun > 255))
    errors.push(invalidError(`${path}.lun`, iscsi.lun, 'must be between 0 and 255, inclusive'));
  if (ephemeral && !ephemeral.volumeClaimTemplate) errors.push(requiredError(`${path}.volumeClaimTemplate`));
  return errors;
}

function validateMode(mode: number | undefined, path: string): FieldError[] {
  return mode === undefined || (mode >= 0 && mode <= MAX_MODE) ? [] : [invalidError(path, mode, MODE_TEXT)];
}

function validateItems(items: readonly KeyToPath[] = [], path: string): FieldError[] {
  return items.flatMap((item, index) => {
    const at = `${path}[${index}]`;
    const errors = item.key ? [] : [requiredError(`${at}.key`)];
    if (!item.path) errors.push(requiredError(`${at}.path`));
    else errors.push(...localPath(item.path, `${at}.path`));
    return [...errors, ...validateMode(item.mode, `${at}.mode`)];
  });
}

function validateDownwardFile(file: DownwardAPIVolumeFile, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!file.path) errors.push(requiredError(`${path}.path`));
  else errors.push(...localPath(file.path, `${path}.path`));
  if (file.fieldRef) {
    errors.push(...validateFieldRef(file.fieldRef, `${path}.fieldRef`, { supported: VOLUME_FIELDS, subscripts: true }));
    if (file.resourceFieldRef)
      errors.push(invalidError(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
  } else if (file.resourceFieldRef)
    errors.push(...validateResourceFieldRef(file.resourceFieldRef, `${path}.resourceFieldRef`, true));
  else errors.push(requiredError(path, 'one of fieldRef and resourceFieldRef is required'));
  return [...errors, ...validateMode(file.mode, `${path}.mode`)];
}

function validateProjected(projected: ProjectedVolumeSource, path: string): FieldError[] {
  const errors = validateMode(projected.defaultMode, `${path}.defaultMode`);
  const taken = new Set<string>();
  const take = (file: string): void => {
    if (file === '') return;
    if (taken.has(file)) errors.push(invalidError(path, file, 'conflicting duplicate paths'));
    taken.add(file);
  };
  for (const [index, source] of (projected.sources ?? []).entries()) {
    const at = `${path}.sources[${index}]`;
    for (const [name, part] of [
      ['secret', source.secret],
      ['configMap', source.configMap],
    ] as const) {
      if (!part) continue;
      if (!part.name) errors.push(requiredError(`${at}.${name}.name`));
      errors.push(...validateItems(part.items, `${at}.${name}.items`));
      for (const item of part.items ?? []) take(item.path ?? '');
    }
    for (const item of source.downwardAPI?.items ?? []) {
      errors.push(...validateDownwardFile(item, `${at}.downwardAPI`));
      take(item.path ?? '');
    }
    const token = source.serviceAccountToken;
    if (!token) continue;
    const seconds = token.expirationSeconds ?? 0;
    const field = `${at}.serviceAccountToken`;
    if (seconds < MIN_TOKEN_SECONDS)
      errors.push(
        invalidError(`${field}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'),
      );
    if (seconds > MAX_TOKEN_SECONDS)
      errors.push(
        invalidError(`${field}.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds'),
      );
    if (!token.path) errors.push(requiredError(`${field}.path`));
    else errors.push(...localPath(token.path, `${field}.path`));
    take(token.path ?? '');
  }
  return errors;
}
