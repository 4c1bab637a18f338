import { statefulSetCells } from '../../cells/workloads.ts';
import { setClaimDefaults } from '../../core/v1/persistent-volume-claim/defaults.ts';
import { claimSpecWarnings } from '../../core/v1/persistent-volume-claim/warnings.ts';
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
  if (!spec.updateStrategy.type) {
    spec.updateStrategy.type = 'RollingUpdate';
    spec.updateStrategy.rollingUpdate ??= {};
  }
  const { type, rollingUpdate } = spec.updateStrategy;
  if (type === 'RollingUpdate' && rollingUpdate) rollingUpdate.partition ??= 0;
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
  completeEmpty({ spec }) {
    spec.replicas = 0;
  },
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
      warningsOnCreate: (set) => ownWarnings(set, ''),
      // Upstream names the field so in updates.
      warningsOnUpdate: (set) => ownWarnings(set, '.Spec'),
    },
  }),
  cells: statefulSetCells,
});

function ownWarnings({ spec }: StatefulSet, suffix: string): string[] {
  const warnings = (spec.volumeClaimTemplates ?? []).flatMap((claim, index) =>
    claimSpecWarnings(claim.spec ?? {}, `spec.volumeClaimTemplates[${index}]${suffix}`),
  );
  if ((spec.revisionHistoryLimit ?? 0) < 0)
    warnings.push(
      'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
    );
  return warnings;
}

function dropGatedFields({ spec }: StatefulSet): void {
  delete spec.updateStrategy?.rollingUpdate?.maxUnavailable;
}
