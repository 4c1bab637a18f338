import { cronJobCells } from '../../cells/workloads.ts';
import { setPodTemplateDefaults } from '../../core/v1/pod-spec/defaults.ts';
import { templateStrategy } from '../../core/v1/template-strategy.ts';
import { defineKind } from '../../define-kind.ts';
import type { CronJob } from '../../generated/types/batch-v1.ts';
import { setFailurePolicyDefaults } from './policy-defaults.ts';
import { validateCronJob, validateCronJobUpdate } from './validate-cron.ts';

export const cronJobs = defineKind<CronJob>('batch/v1/cronjobs', {
  defaults({ spec }) {
    spec.concurrencyPolicy ??= 'Allow';
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    setFailurePolicyDefaults(spec.jobTemplate?.spec);
    setPodTemplateDefaults(spec.jobTemplate?.spec?.template);
  },
  cells: cronJobCells,
  strategy: templateStrategy({
    template: (job: CronJob) => job.spec.jobTemplate?.spec?.template,
    path: 'spec.jobTemplate.spec.template',
    namesPods: true,
    own: { validateCreate: validateCronJob, validateUpdate: validateCronJobUpdate },
  }),
});
