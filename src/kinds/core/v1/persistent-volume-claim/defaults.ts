import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../../../generated/types/core-v1.ts';

/** Upstream: apis/core/v1 SetDefaults_PersistentVolumeClaimSpec. */
export function setClaimSpecDefaults(spec: PersistentVolumeClaimSpec): void {
  spec.volumeMode ??= 'Filesystem';
}

/** Upstream: apis/core/v1 SetDefaults_PersistentVolumeClaim. */
export function setClaimDefaults(claim: PersistentVolumeClaim): void {
  setClaimSpecDefaults(claim.spec);
  claim.status ??= {};
  claim.status.phase ??= 'Pending';
}
