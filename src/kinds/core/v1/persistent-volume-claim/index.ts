import { persistentVolumeClaimCells } from '../../../cells/core.ts';
import { defineKind } from '../../../define-kind.ts';
import type { PersistentVolumeClaim, TypedObjectReference } from '../../../generated/types/core-v1.ts';
import { setClaimDefaults } from './defaults.ts';
import { validateClaim, validateClaimStatus, validateClaimUpdate } from './validate.ts';
import { claimSpecWarnings } from './warnings.ts';

/** The two names of the data source are kept equal while neither crosses namespaces. Upstream: NormalizeDataSources. */
function matchDataSources({ spec }: PersistentVolumeClaim): void {
  if (spec.dataSource && !spec.dataSourceRef) spec.dataSourceRef = { ...spec.dataSource } as TypedObjectReference;
  else if (spec.dataSourceRef && !spec.dataSource && !spec.dataSourceRef.namespace) {
    const { apiGroup, kind, name } = spec.dataSourceRef;
    spec.dataSource = { apiGroup: apiGroup ?? null, kind, name } as NonNullable<typeof spec.dataSource>;
  }
}

/** The older name of the data source knows claims and snapshots only. Upstream: EnforceDataSourceBackwardCompatibility. */
function dropUnknownSource({ spec }: PersistentVolumeClaim): void {
  const { apiGroup, kind } = spec.dataSource ?? {};
  const isClaim = !apiGroup && kind === 'PersistentVolumeClaim';
  const isSnapshot = apiGroup === 'snapshot.storage.k8s.io' && kind === 'VolumeSnapshot';
  if (!isClaim && !isSnapshot) delete spec.dataSource;
}

const claimWarnings = (claim: PersistentVolumeClaim): string[] => claimSpecWarnings(claim.spec, 'spec');

export const persistentVolumeClaims = defineKind<PersistentVolumeClaim>('core/v1/persistentvolumeclaims', {
  defaults: setClaimDefaults,
  statusStrategy: { validateUpdate: validateClaimStatus },
  strategy: {
    validateCreate: validateClaim,
    validateUpdate: validateClaimUpdate,
    warningsOnCreate: claimWarnings,
    warningsOnUpdate: claimWarnings,
    prepareForCreate(claim) {
      claim.status = { phase: 'Pending' };
      dropUnknownSource(claim);
      matchDataSources(claim);
    },
    prepareForUpdate(claim, old) {
      if (!old.spec.dataSource) dropUnknownSource(claim);
      matchDataSources(claim);
    },
  },
  cells: persistentVolumeClaimCells,
});
