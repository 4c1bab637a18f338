import { cronJobCells } from '../../cells/workloads.ts';
import { setPodTemplateDefaults } from '../../core/v1/pod-spec/defaults.ts';
import { defineKind } from '../../define-kind.ts';
import type { CronJob } from '../../generated/types/batch-v1.ts';
import { validateCronJob } from './validate.ts';

export const cronJobs = defineKind<CronJob>('batch/v1/cronjobs', {
  defaults({ spec }) {
    spec.concurrencyPolicy ??= 'Allow';
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    setPodTemplateDefaults(spec.jobTemplate?.spec?.template);
  },
  cells: cronJobCells,
  strategy: { validateCreate: validateCronJob, validateUpdate: validateCronJob },
});
