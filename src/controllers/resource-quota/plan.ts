import { isCounted, matchesScopes, type ResourceQuota, resourceQuotas, usageOf } from '../../kinds/index.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { type Quantity, quantityOf } from '../../machinery/quantity.ts';
import type { Plan } from '../runtime/apply-plan.ts';
import { sameJson } from '../runtime/canonical.ts';

/** The objects of one kind in the namespace of a quota. */
export interface Population {
  /** `pods`, `deployments.apps` */
  storedAs: string;
  objects: readonly KubeObject[];
}

/** Whether the status of a quota is of another specification, or lacks a usage that some kind counts. */
export function isUncounted({ spec, status }: ResourceQuota, kinds: readonly { storedAs: string }[]): boolean {
  if (status?.used === undefined || !sameJson(spec?.hard ?? {}, status.hard ?? {})) return true;
  const missing = Object.keys(spec?.hard ?? {}).filter((name) => status.used?.[name] === undefined);
  return missing.some((name) => kinds.some(({ storedAs }) => isCounted(storedAs, name)));
}

/**
 * Writes what the objects of a namespace use of a quota. A usage that no kind counts stays as it was.
 * Upstream: syncResourceQuota, quota.CalculateUsage.
 */
export function planUsage(quota: ResourceQuota, populations: readonly Population[], now: number): Plan {
  const hard = quota.spec?.hard ?? {};
  const used: Record<string, string> = {};
  for (const name of Object.keys(hard)) {
    const counting = populations.filter(({ storedAs }) => isCounted(storedAs, name));
    const old = quota.status?.used?.[name];
    if (counting.length > 0) used[name] = sum(counting, name, quota, now).toString();
    else if (old !== undefined) used[name] = old;
  }
  const status = { hard, used };
  if (quota.status?.used !== undefined && sameJson(quota.status, status)) return { steps: [] };
  const object = { ...quota, status };
  return { steps: [{ writes: [{ type: 'update', kind: resourceQuotas, object, subresource: 'status' }] }] };
}

function sum(populations: readonly Population[], name: string, quota: ResourceQuota, now: number): Quantity {
  let total: Quantity | undefined;
  for (const { storedAs, objects } of populations) {
    for (const object of objects) {
      if ((storedAs === 'pods' && isOverdue(object, now)) || !matchesScopes(quota, storedAs, object)) continue;
      const amount = usageOf(storedAs, object).get(name);
      if (amount) total = total ? total.add(amount) : amount;
    }
  }
  return total ?? quantityOf(0);
}

/** A pod that should have been gone: its node is silent, and what it held is free. Upstream: QuotaV1Pod. */
function isOverdue({ metadata }: KubeObject, now: number): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return false;
  return now > Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
}
