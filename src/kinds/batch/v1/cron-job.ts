import { defineKind } from '../../define-kind.ts';
import type { CronJob } from '../../generated/types/batch-v1.ts';

export const cronJobs = defineKind<CronJob>('batch/v1/cronjobs', {});
