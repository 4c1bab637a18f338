import { jobCells } from '../../cells/workloads.ts';
import { setPodTemplateDefaults } from '../../core/v1/pod-spec/defaults.ts';
import { defineKind } from '../../define-kind.ts';
import type { Job } from '../../generated/types/batch-v1.ts';
import { validateJob, validateJobUpdate } from './validate.ts';

const MAX_INT32 = 2147483647;

/** Upstream: apis/batch/v1 SetDefaults_Job. */
function setJobDefaults(job: Job): void {
  const { spec } = job;
  setPodTemplateDefaults(spec.template);
  if (spec.completions === undefined && spec.parallelism === undefined) {
    spec.completions = 1;
    spec.parallelism = 1;
  }
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : MAX_INT32;
  takeTemplateLabels(job);
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.manualSelector ??= false;
  for (const rule of spec.podFailurePolicy?.rules ?? [])
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= 'True';
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
}

function takeTemplateLabels(job: Job): void {
  const labels = job.spec.template?.metadata?.labels;
  if (labels && Object.keys(job.metadata.labels ?? {}).length === 0) job.metadata.labels = { ...labels };
}

/** The selector of a job is its UID, under a label that its pods get too. Upstream: registry/batch/job generateSelector. */
function generateSelector(job: Job): void {
  const uid = job.metadata.uid ?? '';
  const own = { 'batch.kubernetes.io/controller-uid': uid, 'batch.kubernetes.io/job-name': job.metadata.name ?? '' };
  const legacy = { 'controller-uid': uid, 'job-name': job.metadata.name ?? '' };
  const template = job.spec.template;
  template.metadata ??= {};
  const before = template.metadata.labels ?? {};
  template.metadata.labels = { ...own, ...legacy, ...before };
  const untouched = JSON.stringify(job.metadata.labels ?? {}) === JSON.stringify(before);
  if (untouched) job.metadata.labels = { ...template.metadata.labels };
  job.spec.selector ??= {};
  job.spec.selector.matchLabels ??= {};
  job.spec.selector.matchLabels['batch.kubernetes.io/controller-uid'] ??= uid;
}

export const jobs = defineKind<Job>('batch/v1/jobs', {
  defaults: setJobDefaults,
  // Labels left out come back from the template, as they do on every read upstream.
  statusStrategy: { prepareForUpdate: takeTemplateLabels },
  strategy: {
    prepareForUpdate: takeTemplateLabels,
    validateCreate: validateJob,
    validateUpdate: validateJobUpdate,
    prepareForCreate(job) {
      if (job.spec.manualSelector !== true) generateSelector(job);
    },
  },
  fieldsOf: (job) => ({ 'status.successful': String(job.status?.succeeded ?? 0) }),
  cells: jobCells,
});
