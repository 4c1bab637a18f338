import { replicationControllerCells } from '../../cells/workloads.ts';
import { defineKind } from '../../define-kind.ts';
import type { ReplicationController } from '../../generated/types/core-v1.ts';
import { validateReplicaSetStatus } from '../../status-counts.ts';
import { setPodTemplateDefaults } from './pod-spec/defaults.ts';
import { templateStrategy } from './template-strategy.ts';
import { validateReplicationController } from './validate-replication.ts';

export const replicationControllers = defineKind<ReplicationController>('core/v1/replicationcontrollers', {
  generatedNames: 'unchecked',
  defaults(controller) {
    const { spec, metadata } = controller;
    setPodTemplateDefaults(spec.template);
    const labels = spec.template?.metadata?.labels;
    if (labels) {
      if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
      if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
    }
    spec.replicas ??= 1;
  },
  fieldsOf: (controller) => ({ 'status.replicas': String(controller.status?.replicas ?? 0) }),
  cells: replicationControllerCells,
  statusStrategy: { validateUpdate: validateReplicaSetStatus },
  strategy: templateStrategy({
    template: ({ spec }: ReplicationController) => spec.template,
    path: 'spec.template',
    namesPods: true,
    warnsOnUpdate: 'old template',
    own: {
      validateCreate: validateReplicationController,
      validateUpdate: validateReplicationController,
    },
  }),
});
