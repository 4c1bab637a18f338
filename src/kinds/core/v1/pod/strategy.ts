import type { Strategy } from '../../../../machinery/kind.ts';
import { parseQuantity } from '../../../../machinery/quantity.ts';
import type { Pod, PodSpec } from '../../../generated/types/core-v1.ts';
import { validatePodCreate, validatePodUpdate } from './validate.ts';

const QOS_RESOURCES = ['cpu', 'memory'];

/** Upstream: apis/core/v1/helper/qos.ComputePodQOS. */
export function qosClassOf(spec: PodSpec): string {
  const asks = spec.resources
    ? [spec.resources]
    : [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map((c) => c.resources ?? {});
  let guaranteed = true;
  let any = false;
  for (const { requests = {}, limits = {} } of asks) {
    for (const name of QOS_RESOURCES) {
      const request = positive(requests[name]);
      const limit = positive(limits[name]);
      if (request !== undefined || limit !== undefined) any = true;
      if (limit === undefined || (request !== undefined && request.compare(limit) !== 0)) guaranteed = false;
      if (request === undefined && limit === undefined) guaranteed = false;
    }
  }
  if (!any) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

function positive(text: string | undefined): ReturnType<typeof parseQuantity> | undefined {
  const quantity = text === undefined ? undefined : parseQuantity(text);
  return quantity !== undefined && quantity.sign > 0 ? quantity : undefined;
}

function schedulingGated(now: number): NonNullable<NonNullable<Pod['status']>['conditions']>[number] {
  return {
    type: 'PodScheduled',
    status: 'False',
    lastProbeTime: null,
    lastTransitionTime: `${new Date(now).toISOString().slice(0, 19)}Z`,
    reason: 'SchedulingGated',
    message: 'Scheduling is blocked due to non-empty scheduling gates',
  };
}

/** Upstream: registry/core/pod podStrategy. */
export const podStrategy: Strategy<Pod> = {
  prepareForCreate(pod, { now }) {
    // Older clients wrote negative periods for "at once".
    if ((pod.spec.terminationGracePeriodSeconds ?? 0) < 0) pod.spec.terminationGracePeriodSeconds = 1;
    // A class that the client names is believed.
    pod.status = { phase: 'Pending', qosClass: pod.status?.qosClass ?? qosClassOf(pod.spec) };
    if (pod.spec.schedulingGates?.length) pod.status.conditions = [schedulingGated(now)];
  },
  validateCreate: validatePodCreate,
  validateUpdate: validatePodUpdate,
};

/** Upstream: registry/core/pod podStatusStrategy. */
export const podStatusStrategy: Strategy<Pod> = {
  resetFields: ['metadata.deletionTimestamp', 'metadata.ownerReferences'],
  prepareForUpdate(pod, old) {
    if (old.metadata.ownerReferences === undefined) delete pod.metadata.ownerReferences;
    else pod.metadata.ownerReferences = old.metadata.ownerReferences;
    pod.status ??= {};
    const qosClass = old.status?.qosClass ?? qosClassOf(pod.spec);
    pod.status.qosClass = qosClass;
  },
};
