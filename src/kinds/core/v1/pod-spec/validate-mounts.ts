/** Volumes in containers. Upstream: core/validation ValidateVolumeMounts, ValidateVolumeDevices. */
import type { FieldError } from '../../../../machinery/status.ts';
import {
  forbiddenError,
  invalidError,
  notFoundError,
  notSupportedError,
  requiredError,
} from '../../../../machinery/validation/index.ts';
import type { Container, VolumeMount } from '../../../generated/types/core-v1.ts';
import { localPath } from './paths.ts';
import type { KnownVolumes } from './validate-volumes.ts';

const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None'];
const RECURSIVE = ['Disabled', 'Enabled', 'IfPossible'];

export function validateMounts(container: Container, path: string, volumes: KnownVolumes): FieldError[] {
  const paths = new Set<string>();
  // Of devices of one name only the last counts here.
  const devices = new Map((container.volumeDevices ?? []).map((device) => [device.name, device.devicePath]));
  const devicePaths = new Set(devices.values());
  const list = `${path}.volumeMounts`;
  return (container.volumeMounts ?? []).flatMap((mount, index) => {
    const at = `${list}[${index}]`;
    const errors: FieldError[] = [];
    const volume = volumes.get(mount.name);
    if (!mount.name) errors.push(requiredError(`${at}.name`));
    if (!volume) errors.push(notFoundError(`${at}.name`, mount.name));
    if (!mount.mountPath) errors.push(requiredError(`${at}.mountPath`));
    if (paths.has(mount.mountPath)) errors.push(invalidError(`${at}.mountPath`, mount.mountPath, 'must be unique'));
    paths.add(mount.mountPath);
    if (devices.has(mount.name))
      errors.push(invalidError(`${at}.name`, mount.name, 'must not already exist in volumeDevices'));
    if (devicePaths.has(mount.mountPath)) {
      errors.push(
        invalidError(`${at}.mountPath`, mount.mountPath, 'must not already exist as a path in volumeDevices'),
      );
    }
    if (mount.subPath || mount.subPathExpr) errors.push(...validateSubPath(mount, at, list));
    const privileged = container.securityContext?.privileged === true;
    return [...errors, ...validatePropagation(mount, list, privileged), ...validateRecursion(mount, list)];
  });
}

function validateSubPath({ subPath, subPathExpr }: VolumeMount, path: string, list: string): FieldError[] {
  const errors = subPath ? localPath(subPath, `${list}.subPath`) : [];
  if (!subPathExpr) return errors;
  if (subPath)
    errors.push(invalidError(`${path}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive'));
  return [...errors, ...localPath(subPathExpr, `${list}.subPathExpr`)];
}

function validatePropagation({ mountPropagation: mode }: VolumeMount, list: string, privileged: boolean): FieldError[] {
  if (mode === undefined) return [];
  const at = `${list}.mountPropagation`;
  if (!PROPAGATIONS.includes(mode)) return [notSupportedError(at, mode, PROPAGATIONS)];
  return mode === 'Bidirectional' && !privileged
    ? [forbiddenError(at, 'Bidirectional mount propagation is available only to privileged containers')]
    : [];
}

function validateRecursion(mount: VolumeMount, list: string): FieldError[] {
  const mode = mount.recursiveReadOnly;
  if (mode === undefined || mode === 'Disabled') return [];
  const at = `${list}.recursiveReadOnly`;
  if (!RECURSIVE.includes(mode)) return [notSupportedError(at, mode, RECURSIVE)];
  const errors: FieldError[] = [];
  if (mount.readOnly !== true) errors.push(forbiddenError(at, 'may only be specified when readOnly is true'));
  if (mount.mountPropagation !== undefined && mount.mountPropagation !== 'None')
    errors.push(forbiddenError(at, 'may only be specified when mountPropagation is None or not specified'));
  return errors;
}

export function validateDevices(container: Container, path: string, volumes: KnownVolumes): FieldError[] {
  const names = new Set<string>();
  const paths = new Set<string>();
  const mounts = new Map((container.volumeMounts ?? []).map((mount) => [mount.name, mount.mountPath]));
  const mountPaths = new Set(mounts.values());
  return (container.volumeDevices ?? []).flatMap(({ name, devicePath }, index) => {
    const at = `${path}.volumeDevices[${index}]`;
    const errors: FieldError[] = [];
    const volume = volumes.get(name);
    if (!name) errors.push(requiredError(`${at}.name`));
    if (names.has(name)) errors.push(invalidError(`${at}.name`, name, 'must be unique'));
    if (volume && !volume.persistentVolumeClaim && !volume.ephemeral) {
      errors.push(
        invalidError(
          `${at}.name`,
          name,
          'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
        ),
      );
    }
    if (!volume) errors.push(notFoundError(`${at}.name`, name));
    if (!devicePath) errors.push(requiredError(`${at}.devicePath`));
    if (paths.has(devicePath)) errors.push(invalidError(`${at}.devicePath`, devicePath, 'must be unique'));
    if (devicePath?.split('/').includes('..'))
      errors.push(invalidError(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')"));
    else paths.add(devicePath);
    if (mounts.has(name)) errors.push(invalidError(`${at}.name`, name, 'must not already exist in volumeMounts'));
    if (mountPaths.has(devicePath))
      errors.push(invalidError(`${at}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts'));
    if (name) names.add(name);
    return errors;
  });
}
