import { jobCells } from '../../cells/workloads.ts';
import { setPodTemplateDefaults } from '../../core/v1/pod-spec/defaults.ts';
import { templateStrategy } from '../../core/v1/template-strategy.ts';
import { defineKind } from '../../define-kind.ts';
import type { Job } from '../../generated/types/batch-v1.ts';
import { setFailurePolicyDefaults } from './policy-defaults.ts';
import { validateJob } from './validate.ts';
import { validateJobStatus } from './validate-status.ts';
import { validateJobUpdate } from './validate-update.ts';

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
  setFailurePolicyDefaults(spec);
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
  // Labels that were taken from the template are the same map upstream.
  const shared = Object.keys(before).length > 0 && JSON.stringify(job.metadata.labels ?? {}) === JSON.stringify(before);
  if (shared) job.metadata.labels = { ...template.metadata.labels };
  job.spec.selector ??= {};
  const labels = { 'batch.kubernetes.io/controller-uid': uid, ...job.spec.selector.matchLabels };
  // Go writes maps in the order of their keys, in messages too.
  job.spec.selector.matchLabels = Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const MANY = { completions: 100_000, parallelism: 10_000 };

function sizeWarnings({ spec }: Job): string[] {
  const isLarge =
    spec.completionMode === 'Indexed' &&
    (spec.completions ?? 0) > MANY.completions &&
    (spec.parallelism ?? 0) > MANY.parallelism;
  return isLarge
    ? [
        'spec: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail',
      ]
    : [];
}

export const jobs = defineKind<Job>('batch/v1/jobs', {
  defaults: setJobDefaults,
  // Labels left out come back from the template, as they do on every read upstream.
  statusStrategy: { prepareForUpdate: takeTemplateLabels, validateUpdate: validateJobStatus },
  strategy: templateStrategy({
    template: (job: Job) => job.spec.template,
    path: 'spec.template',
    namesPods: true,
    own: {
      prepareForUpdate: takeTemplateLabels,
      validateCreate: validateJob,
      validateUpdate: validateJobUpdate,
      warningsOnCreate: sizeWarnings,
      canonicalize: takeTemplateLabels,
      prepareForCreate(job) {
        if (job.spec.manualSelector !== true) generateSelector(job);
      },
    },
  }),
  warningOnDelete:
    'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
  fieldsOf: (job) => ({ 'status.successful': String(job.status?.succeeded ?? 0) }),
  cells: jobCells,
});
