import { statefulSetCells } from '../../cells/workloads.ts';
import { setClaimDefaults } from '../../core/v1/persistent-volume-claim/defaults.ts';
import { setPodTemplateDefaults } from '../../core/v1/pod-spec/defaults.ts';
import { templateStrategy } from '../../core/v1/template-strategy.ts';
import { defineKind } from '../../define-kind.ts';
import type { StatefulSet } from '../../generated/types/apps-v1.ts';
import { validateStatefulSetStatus } from '../../status-counts.ts';
import { validateStatefulSet, validateStatefulSetUpdate } from './validate.ts';

/** Upstream: apis/apps/v1 SetDefaults_StatefulSet; the gate of maxUnavailable is off. */
function setStatefulSetDefaults({ spec }: StatefulSet): void {
  setPodTemplateDefaults(spec.template);
  spec.podManagementPolicy ??= 'OrderedReady';
  spec.updateStrategy ??= {};
  spec.updateStrategy.type ??= 'RollingUpdate';
  if (spec.updateStrategy.type === 'RollingUpdate') {
    spec.updateStrategy.rollingUpdate ??= {};
    spec.updateStrategy.rollingUpdate.partition ??= 0;
  }
  spec.persistentVolumeClaimRetentionPolicy ??= {};
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ??= 'Retain';
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ??= 'Retain';
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.kind = 'PersistentVolumeClaim';
    claim.apiVersion = 'v1';
    setClaimDefaults(claim);
  }
}

export const statefulSets = defineKind<StatefulSet>('apps/v1/statefulsets', {
  defaults: setStatefulSetDefaults,
  statusStrategy: { validateUpdate: validateStatefulSetStatus },
  strategy: templateStrategy({
    template: ({ spec }: StatefulSet) => spec.template,
    path: 'spec.template',
    namesPods: true,
    own: {
      validateCreate: (set) => validateStatefulSet(set),
      validateUpdate: validateStatefulSetUpdate,
      prepareForCreate: dropGatedFields,
      prepareForUpdate: dropGatedFields,
    },
  }),
  cells: statefulSetCells,
});

function dropGatedFields({ spec }: StatefulSet): void {
  delete spec.updateStrategy?.rollingUpdate?.maxUnavailable;
}
