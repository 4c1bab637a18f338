import { persistentVolumeClaimCells } from '../../../cells/core.ts';
import { defineKind } from '../../../define-kind.ts';
import type { PersistentVolumeClaim, TypedObjectReference } from '../../../generated/types/core-v1.ts';
import { setClaimDefaults } from './defaults.ts';
import { validateClaim, validateClaimStatus, validateClaimUpdate } from './validate.ts';
import { claimWarnings } from './warnings.ts';

/** The two names of the data source are kept equal while neither crosses namespaces. Upstream: NormalizeDataSources. */
function matchDataSources({ spec }: PersistentVolumeClaim): void {
  if (spec.dataSource && !spec.dataSourceRef) spec.dataSourceRef = { ...spec.dataSource } as TypedObjectReference;
  else if (spec.dataSourceRef && !spec.dataSource && !spec.dataSourceRef.namespace) {
    const { apiGroup, kind, name } = spec.dataSourceRef;
    spec.dataSource = { apiGroup: apiGroup ?? null, kind, name } as NonNullable<typeof spec.dataSource>;
  }
}

/** Sources in other namespaces are a feature that is off. Upstream: DropDisabledFields. */
function dropForeignSource({ spec }: PersistentVolumeClaim): void {
  if (spec.dataSourceRef?.namespace) delete spec.dataSourceRef;
}

/** The older name of the data source knows claims and snapshots only. Upstream: EnforceDataSourceBackwardCompatibility. */
function dropUnknownSource({ spec }: PersistentVolumeClaim): void {
  if (spec.dataSourceRef) return;
  const { apiGroup, kind } = spec.dataSource ?? {};
  const isClaim = !apiGroup && kind === 'PersistentVolumeClaim';
  const isSnapshot = apiGroup === 'snapshot.storage.k8s.io' && kind === 'VolumeSnapshot';
  if (!isClaim && !isSnapshot) delete spec.dataSource;
}

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
      dropForeignSource(claim);
      dropUnknownSource(claim);
      matchDataSources(claim);
    },
    prepareForUpdate(claim, old) {
      if (!old.spec.dataSourceRef) dropForeignSource(claim);
      if (!old.spec.dataSource && !old.spec.dataSourceRef) dropUnknownSource(claim);
      matchDataSources(claim);
    },
  },
  cells: persistentVolumeClaimCells,
});
