import { replicaSetCells } from '../../cells/workloads.ts';
import { setPodTemplateDefaults } from '../../core/v1/pod-spec/defaults.ts';
import { templateStrategy } from '../../core/v1/template-strategy.ts';
import { defineKind } from '../../define-kind.ts';
import type { ReplicaSet } from '../../generated/types/apps-v1.ts';
import { validateReplicaSetStatus } from '../../status-counts.ts';
import { validateReplicaSet, validateReplicaSetUpdate } from './validate.ts';

export const replicaSets = defineKind<ReplicaSet>('apps/v1/replicasets', {
  completeEmpty({ spec }) {
    spec.replicas = 0;
  },
  defaults({ spec }) {
    setPodTemplateDefaults(spec.template);
    spec.replicas ??= 1;
  },
  cells: replicaSetCells,
  statusStrategy: { validateUpdate: validateReplicaSetStatus },
  strategy: templateStrategy({
    template: ({ spec }: ReplicaSet) => spec.template,
    path: 'spec.template',
    namesPods: true,
    own: { validateCreate: validateReplicaSet, validateUpdate: validateReplicaSetUpdate },
  }),
});
