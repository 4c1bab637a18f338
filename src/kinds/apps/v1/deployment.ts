import { deploymentCells } from '../../cells/workloads.ts';
import { setPodTemplateDefaults } from '../../core/v1/pod-spec/defaults.ts';
import { templateStrategy } from '../../core/v1/template-strategy.ts';
import { defineKind } from '../../define-kind.ts';
import { equalJson } from '../../equal-json.ts';
import type { Deployment } from '../../generated/types/apps-v1.ts';
import { validateDeployment, validateDeploymentStatus, validateDeploymentUpdate } from './validate.ts';

/** Upstream: apis/apps/v1 SetDefaults_Deployment. */
function setDeploymentDefaults({ spec }: Deployment): void {
  setPodTemplateDefaults(spec.template);
  spec.replicas ??= 1;
  spec.strategy ??= {};
  spec.strategy.type ??= 'RollingUpdate';
  if (spec.strategy.type === 'RollingUpdate') {
    spec.strategy.rollingUpdate ??= {};
    spec.strategy.rollingUpdate.maxUnavailable ??= '25%';
    spec.strategy.rollingUpdate.maxSurge ??= '25%';
  }
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
}

export const deployments = defineKind<Deployment>('apps/v1/deployments', {
  defaults: setDeploymentDefaults,
  completeEmpty({ spec }) {
    spec.replicas = 0;
  },
  statusStrategy: {
    validateUpdate: validateDeploymentStatus,
    resetFields: ['metadata.labels'],
    prepareForUpdate(deployment, old) {
      if (old.metadata.labels === undefined) delete deployment.metadata.labels;
      else deployment.metadata.labels = old.metadata.labels;
    },
  },
  cells: deploymentCells,
  strategy: templateStrategy({
    template: ({ spec }: Deployment) => spec.template,
    path: 'spec.template',
    namesPods: true,
    own: {
      // Tools keep what they rolled out in annotations, so that these count as a change, too.
      prepareForUpdate(deployment, old) {
        const changed = !equalJson(deployment.metadata.annotations ?? {}, old.metadata.annotations ?? {});
        if (changed) deployment.metadata.generation = (old.metadata.generation ?? 0) + 1;
      },
      validateCreate: validateDeployment,
      validateUpdate: validateDeploymentUpdate,
    },
  }),
});
