/** Rows of workloads. Upstream: printers/internalversion. */
import { formatDuration } from '../../machinery/age.ts';
import type { ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../generated/types/apps-v1.ts';
import type { CronJob, Job } from '../generated/types/batch-v1.ts';
import type { PodTemplate, ReplicationController } from '../generated/types/core-v1.ts';
import { age, containerColumns, formatLabels, formatSelector, NONE, nameOf } from './text.ts';

export function deploymentCells(object: Deployment, now: number): unknown[] {
  const { spec, status } = object;
  return [
    nameOf(object),
    `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
    status?.updatedReplicas ?? 0,
    status?.availableReplicas ?? 0,
    age(object, now),
    ...containerColumns(spec.template?.spec?.containers),
    formatSelector(spec.selector),
  ];
}

export const replicaSetCells = (object: ReplicaSet, now: number): unknown[] =>
  replicaCells(object, formatSelector(object.spec.selector), now);

export const replicationControllerCells = (object: ReplicationController, now: number): unknown[] =>
  replicaCells(object, formatLabels(object.spec.selector), now);

function replicaCells(object: ReplicaSet | ReplicationController, selector: string, now: number): unknown[] {
  const { spec, status } = object;
  return [
    nameOf(object),
    spec.replicas ?? 0,
    status?.replicas ?? 0,
    status?.readyReplicas ?? 0,
    age(object, now),
    ...containerColumns(spec.template?.spec?.containers),
    selector,
  ];
}

export function statefulSetCells(object: StatefulSet, now: number): unknown[] {
  const { spec, status } = object;
  const ready = `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`;
  return [nameOf(object), ready, age(object, now), ...containerColumns(spec.template?.spec?.containers)];
}

export function daemonSetCells(object: DaemonSet, now: number): unknown[] {
  const { spec, status } = object;
  return [
    nameOf(object),
    status?.desiredNumberScheduled ?? 0,
    status?.currentNumberScheduled ?? 0,
    status?.numberReady ?? 0,
    status?.updatedNumberScheduled ?? 0,
    status?.numberAvailable ?? 0,
    formatLabels(spec.template?.spec?.nodeSelector),
    age(object, now),
    ...containerColumns(spec.template?.spec?.containers),
    formatSelector(spec.selector),
  ];
}

export function controllerRevisionCells(object: ControllerRevision, now: number): unknown[] {
  const owner = object.metadata.ownerReferences?.find((reference) => reference.controller === true);
  const group = owner?.apiVersion.includes('/') ? `.${owner.apiVersion.split('/')[0]}` : '';
  const controller = owner === undefined ? NONE : `${owner.kind.toLowerCase()}${group}/${owner.name}`;
  return [nameOf(object), controller, object.revision, age(object, now)];
}

export function podTemplateCells(object: PodTemplate): unknown[] {
  return [
    nameOf(object),
    ...containerColumns(object.template?.spec?.containers),
    formatLabels(object.template?.metadata?.labels),
  ];
}

function jobState(job: Job): string {
  const has = (type: string): boolean =>
    job.status?.conditions?.some((item) => item.type === type && item.status === 'True') ?? false;
  if (has('Complete')) return 'Complete';
  if (has('Failed')) return 'Failed';
  if (job.metadata.deletionTimestamp !== undefined) return 'Terminating';
  if (has('Suspended')) return 'Suspended';
  if (has('FailureTarget')) return 'FailureTarget';
  return has('SuccessCriteriaMet') ? 'SuccessCriteriaMet' : 'Running';
}

export function jobCells(job: Job, now: number): unknown[] {
  const { spec, status } = job;
  const succeeded = status?.succeeded ?? 0;
  const parallelism = spec.parallelism ?? 0;
  const completions =
    spec.completions !== undefined
      ? `${succeeded}/${spec.completions}`
      : parallelism > 1
        ? `${succeeded}/1 of ${parallelism}`
        : `${succeeded}/1`;
  let duration = '';
  if (status?.startTime) {
    const end = status.completionTime ? Date.parse(status.completionTime) : now;
    duration = formatDuration(end - Date.parse(status.startTime));
  }
  return [
    nameOf(job),
    jobState(job),
    completions,
    duration,
    age(job, now),
    ...containerColumns(spec.template?.spec?.containers),
    formatSelector(spec.selector),
  ];
}

export function cronJobCells(object: CronJob, now: number): unknown[] {
  const { spec, status } = object;
  const last = status?.lastScheduleTime ? formatDuration(now - Date.parse(status.lastScheduleTime)) : NONE;
  const template = spec.jobTemplate?.spec;
  return [
    nameOf(object),
    spec.schedule,
    spec.timeZone ?? NONE,
    spec.suspend ? 'True' : 'False',
    status?.active?.length ?? 0,
    last,
    age(object, now),
    ...containerColumns(template?.template?.spec?.containers),
    template?.selector ? formatSelector(template.selector) : NONE,
  ];
}
