import { type Job, type JobStatus, jobs, type Pod, pods } from '../../kinds/index.ts';
import { apiTime } from '../../machinery/time.ts';
import { applyOrThrow, applyPlan } from '../runtime/apply-plan.ts';
import { formatKey, keyOfObject, keyOfOwner, parseKey } from '../runtime/change.ts';
import { claimSelected } from '../runtime/claim-selected.ts';
import {
  type Controller,
  defineController,
  type ReconcileContext,
  type ReconcileResult,
} from '../runtime/define-controller.ts';
import { Inspected } from '../runtime/inspected.ts';
import { conditionOf, deadlineLeft, type Ending, endingOf, isFinished, withCondition } from './finish.ts';
import { isTracked, type JobState, readState } from './job-state.ts';
import { deleteAll, event, giveUp, planReplicas, type ReplicasPlan } from './replicas.ts';
import { countedStatus, statusWithNames, statusWrite } from './status.ts';
import { untrack } from './untrack.ts';

const JOB_NAME = 'batch.kubernetes.io/job-name';
const OURS = 'kubernetes.io/job-controller';
const ownerKey = keyOfOwner('batch', 'Job');

/** Runs the pods of each Job to its end. Upstream: pkg/controller/job. */
export function createJobController(): Controller {
  const inspected = new Inspected();
  return defineController({
    name: 'job-controller',
    watches: [
      { kind: jobs, keys: keyOfObject },
      {
        kind: pods,
        keys: (change) => {
          inspected.changed(change);
          const { projection, key } = change;
          const name = projection.labels[JOB_NAME];
          const keys = ownerKey(change);
          // A pod whose job let go of it is still tracked.
          return keys.length === 0 && name ? [formatKey(key.namespace, name)] : keys;
        },
      },
    ],
    permissions: [
      { groups: ['batch'], resources: ['jobs'], verbs: ['get', 'list', 'patch', 'update', 'watch'] },
      { groups: ['batch'], resources: ['jobs/status', 'jobs/finalizers'], verbs: ['update'] },
      { groups: [''], resources: ['pods'], verbs: ['create', 'delete', 'list', 'patch', 'watch'] },
      { groups: [''], resources: ['events'], verbs: ['create', 'patch', 'update'] },
    ],
    reconcile: (key, context) => reconcile(key, context, inspected),
  });
}

async function reconcile(
  key: string,
  context: ReconcileContext,
  inspected: Inspected,
): Promise<ReconcileResult | undefined> {
  const job = await context.client.find<Job>(jobs, parseKey(key));
  if (job === undefined) {
    await releaseOrphans(key, context);
    return undefined;
  }
  if (job.spec.managedBy !== undefined && job.spec.managedBy !== OURS) return undefined;
  const { selector } = job.spec;
  const owned = await claimSelected<Pod>({ owner: job, ownerKind: jobs, kind: pods, selector }, context, inspected);
  if (isFinished(job)) {
    await applyOrThrow({ steps: [{ writes: untrack(owned) }] }, context);
    return undefined;
  }
  return advance(await started(job, context), owned, context);
}

/** Pods of a job that is gone would wait for it for ever. */
async function releaseOrphans(key: string, { client, event: record }: ReconcileContext): Promise<void> {
  const { namespace, name } = parseKey(key);
  const { items } = await client.list<Pod>(pods, { namespace, labelSelector: `${JOB_NAME}=${name}` });
  const writes = untrack(items.filter((pod) => isTracked(pod)));
  await applyOrThrow({ steps: [{ writes }] }, { client, event: record });
}

/** The job with its start time, and with the condition that says whether it is suspended. */
async function started(job: Job, context: ReconcileContext): Promise<Job> {
  const now = context.clock.now();
  const suspended = conditionOf(job, 'Suspended') !== undefined;
  const { conditions } = job.status ?? {};
  let status: JobStatus = { ...job.status };
  if (job.spec.suspend && !suspended && conditionOf(job, 'FailureTarget') === undefined) {
    const condition = { type: 'Suspended', status: 'True', reason: 'JobSuspended', message: 'Job suspended' } as const;
    const { startTime: _, ...rest } = status;
    status = { ...rest, conditions: withCondition(conditions, condition, now) };
    context.event(event(job, 'Suspended', 'Job suspended'));
  } else if (!job.spec.suspend && suspended) {
    const condition = { type: 'Suspended', status: 'False', reason: 'JobResumed', message: 'Job resumed' } as const;
    status = { ...status, conditions: withCondition(conditions, condition, now), startTime: apiTime(now) };
    context.event(event(job, 'Resumed', 'Job resumed'));
  } else if (!job.spec.suspend && status.startTime === undefined) status.startTime = apiTime(now);
  return writeStatus(job, status, context);
}

async function advance(
  job: Job,
  owned: readonly Pod[],
  context: ReconcileContext,
): Promise<ReconcileResult | undefined> {
  const now = context.clock.now();
  const state = readState(job, owned);
  const ending = endingOf(state, now);
  const plan = planOf(state, ending, now);
  const { results, error } = await applyPlan(plan, context);
  const created = plan.deleted.length > 0 ? 0 : results.length;
  const deleted = error ? [] : plan.deleted;
  const named = await writeStatus(job, statusWithNames({ state, ending, deleted, created, now }), context);
  await applyOrThrow({ steps: [{ writes: untrack(countable(state)) }] }, context);
  const last = await writeStatus(named, countedStatus(named, state.isIndexed, now), context);
  if (isFinished(last)) announce(last, context);
  if (error) throw error;
  const waits = [plan.requeueAfter, deadlineLeft(last, now)].filter((wait) => wait !== undefined);
  return isFinished(last) || waits.length === 0 ? undefined : { requeueAfter: Math.min(...waits) };
}

function planOf(state: JobState, ending: Ending | undefined, now: number): ReplicasPlan {
  const { job } = state;
  if (ending) return deleteAll(state);
  if (job.spec.suspend) return giveUp(job, state.active);
  return job.metadata.deletionTimestamp ? { steps: [], deleted: [] } : planReplicas(state, now);
}

/** Pods whose end is in the status by now, or never will be; when a job is deleted all that go with it. */
function countable({ job, ended, pods: all }: JobState): Pod[] {
  const going = job.metadata.deletionTimestamp ? all.filter(({ metadata }) => metadata.deletionTimestamp) : [];
  return [...new Set([...ended, ...going])];
}

async function writeStatus(job: Job, status: JobStatus, context: ReconcileContext): Promise<Job> {
  const write = statusWrite(job, status);
  if (!write) return job;
  const [written] = await applyOrThrow({ steps: [{ writes: [write] }] }, context);
  return written as Job;
}

function announce(job: Job, context: ReconcileContext): void {
  const failed = conditionOf(job, 'Failed');
  context.event(
    failed
      ? event(job, failed.reason ?? '', failed.message ?? '', 'Warning')
      : event(job, 'Completed', 'Job completed'),
  );
}
