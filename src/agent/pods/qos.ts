import type { Container, Pod } from '../../kinds/index.ts';
import { parseQuantity } from '../../machinery/quantity.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const RESOURCES = ['cpu', 'memory'] as const;

const isPositive = (text: string | undefined): boolean => text !== undefined && parseQuantity(text).sign > 0;

/** Upstream: pkg/apis/core/v1/helper/qos.ComputePodQOS. */
export function qosClass(pod: Pod): QosClass {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  let anything = false;
  let guaranteed = true;
  for (const { resources } of containers) {
    for (const name of RESOURCES) {
      const limit = resources?.limits?.[name];
      const request = resources?.requests?.[name] ?? limit;
      if (isPositive(limit) || isPositive(request)) anything = true;
      const same =
        limit !== undefined && request !== undefined && parseQuantity(limit).compare(parseQuantity(request)) === 0;
      if (!isPositive(limit) || !same) guaranteed = false;
    }
  }
  if (!anything) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

/** How gladly the kernel kills the container when memory runs out. Upstream: pkg/kubelet/qos/policy.go. */
export function oomScoreAdj(pod: Pod, container: Container, memoryCapacity: number): number {
  if (pod.spec?.priorityClassName === 'system-node-critical') return -997;
  const qos = qosClass(pod);
  if (qos === 'Guaranteed') return -997;
  if (qos === 'BestEffort') return 1000;
  const request = container.resources?.requests?.memory;
  const bytes = request === undefined ? 0 : parseQuantity(request).value();
  const score = 1000 - Math.floor((1000 * bytes) / memoryCapacity);
  return Math.max(3, Math.min(999, score));
}
