import { parseQuantity } from '../../../../machinery/quantity.ts';
import type { PodSpec } from '../../../generated/types/core-v1.ts';

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
