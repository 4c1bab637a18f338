import type { PersistentVolumeSpec, Volume } from '../../../generated/types/core-v1.ts';
import { setClaimSpecDefaults } from '../persistent-volume-claim/defaults.ts';
import { defaultPullPolicy } from './container-defaults.ts';

/** Mode of files that a volume projects: 0644. */
const DEFAULT_MODE = 420;
const DEFAULT_TOKEN_SECONDS = 3600;

/** The volume sources that pods and persistent volumes share. */
type SharedSources = Pick<PersistentVolumeSpec, 'azureDisk' | 'hostPath' | 'iscsi' | 'rbd' | 'scaleIO'>;

/** Upstream: SetDefaults_ISCSIVolumeSource, …RBD…, …AzureDisk…, …ScaleIO…, …HostPath…. */
export function setSharedSourceDefaults(source: SharedSources): void {
  if (source.hostPath) source.hostPath.type ??= '';
  if (source.iscsi) source.iscsi.iscsiInterface ??= 'default';
  if (source.rbd) {
    source.rbd.pool ??= 'rbd';
    source.rbd.user ??= 'admin';
    source.rbd.keyring ??= '/etc/ceph/keyring';
  }
  if (source.azureDisk) {
    source.azureDisk.cachingMode ??= 'ReadWrite';
    source.azureDisk.kind ??= 'Shared';
    source.azureDisk.fsType ??= 'ext4';
    source.azureDisk.readOnly ??= false;
  }
  if (source.scaleIO) {
    source.scaleIO.storageMode ??= 'ThinProvisioned';
    source.scaleIO.fsType ??= 'xfs';
  }
}

/** A volume without a source is an empty directory. Upstream: SetDefaults_Volume and its sources. */
export function setVolumeDefaults(volume: Volume): void {
  if (Object.keys(volume).every((key) => key === 'name')) volume.emptyDir = {};
  setSharedSourceDefaults(volume as SharedSources);
  if (volume.secret) volume.secret.defaultMode ??= DEFAULT_MODE;
  if (volume.configMap) volume.configMap.defaultMode ??= DEFAULT_MODE;
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= DEFAULT_MODE;
    for (const item of volume.downwardAPI.items ?? []) if (item.fieldRef) item.fieldRef.apiVersion ??= 'v1';
  }
  if (volume.projected) setProjectedDefaults(volume.projected);
  if (volume.ephemeral?.volumeClaimTemplate) setClaimSpecDefaults(volume.ephemeral.volumeClaimTemplate.spec);
  if (volume.image) volume.image.pullPolicy ??= defaultPullPolicy(volume.image.reference);
}

function setProjectedDefaults(projected: NonNullable<Volume['projected']>): void {
  projected.defaultMode ??= DEFAULT_MODE;
  for (const source of projected.sources ?? []) {
    if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= DEFAULT_TOKEN_SECONDS;
    for (const item of source.downwardAPI?.items ?? []) if (item.fieldRef) item.fieldRef.apiVersion ??= 'v1';
  }
}
