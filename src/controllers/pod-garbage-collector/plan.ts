import { type Node, type Pod, pods } from '../../kinds/index.ts';
import { apiTime } from '../../machinery/time.ts';
import type { Plan, Step, Write } from '../runtime/apply-plan.ts';
import { isFinishedPod } from '../runtime/pods.ts';

/** Finished pods that are kept for looking at. Upstream: --terminated-pod-gc-threshold. */
const FINISHED_THRESHOLD = 12_500;

const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';
const NOW = { gracePeriodSeconds: 0 };

/** Deletes finished pods beyond the threshold, oldest first. */
export function planFinished(all: readonly Pod[], threshold = FINISHED_THRESHOLD): Plan {
  const finished = all.filter((pod) => isFinishedPod(pod) && !pod.metadata.deletionTimestamp);
  if (finished.length <= threshold) return { steps: [] };
  const created = ({ metadata }: Pod) => `${metadata.creationTimestamp} ${metadata.name}`;
  const oldest = finished.sort((a, b) => (created(a) < created(b) ? -1 : 1)).slice(0, finished.length - threshold);
  return { steps: [{ writes: oldest.map(removal) }] };
}

/** Deletes the pods of a node that is gone; those that had not finished failed. */
export function planOrphaned(ofNode: readonly Pod[], now: number): Plan {
  const steps: Step[] = [
    { writes: ofNode.filter((pod) => !isFinishedPod(pod)).map((pod) => failure(pod, now)) },
    { writes: ofNode.map(removal) },
  ];
  return { steps };
}

/** Whether an administrator said that the node is shut down, and it is. */
export function isOutOfService({ spec, status }: Node): boolean {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.status !== 'True' && (spec?.taints ?? []).some(({ key }) => key === OUT_OF_SERVICE);
}

/** Ends the terminating pods of a node that is out of service. */
export function planTerminating(ofNode: readonly Pod[]): Plan {
  const terminating = ofNode.filter(({ metadata }) => metadata.deletionTimestamp);
  const open = terminating.filter((pod) => !isFinishedPod(pod));
  const failed = (pod: Pod): Write => ({ ...statusPatch(pod), patch: { status: { phase: 'Failed' } } });
  return { steps: [{ writes: open.map(failed) }, { writes: terminating.map(removal) }] };
}

/** Deletes a pod that was to be deleted before it had a node: nobody else would end it. */
export function planUnscheduled(pod: Pod | undefined): Plan {
  if (!pod?.metadata.deletionTimestamp || pod.spec?.nodeName) return { steps: [] };
  return { steps: [{ writes: [removal(pod)] }] };
}

function removal(pod: Pod): Write {
  return { type: 'delete', kind: pods, object: pod, options: NOW };
}

function failure(pod: Pod, now: number): Write {
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByPodGC',
    message: 'PodGC: node no longer exists',
    lastTransitionTime: apiTime(now),
  };
  return { ...statusPatch(pod), patch: { status: { phase: 'Failed', conditions: [condition] } } };
}

function statusPatch(pod: Pod) {
  return { type: 'patch', kind: pods, object: pod, patchType: 'strategic', subresource: 'status' } as const;
}
