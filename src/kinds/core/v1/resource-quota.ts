import { parseQuantity } from '../../../machinery/quantity.ts';
import { resourceQuotaCells } from '../../cells/core.ts';
import { defineKind } from '../../define-kind.ts';
import type { ResourceQuota } from '../../generated/types/core-v1.ts';
import { validateQuota, validateQuotaStatus, validateQuotaUpdate } from './validate-limits.ts';

const BOUNDED = ['cpu', 'memory', 'storage', 'ephemeral-storage'];

/** What may be asked for is no more than what may be used. */
function quotaWarnings({ spec }: ResourceQuota): string[] {
  const hard = spec.hard ?? {};
  return BOUNDED.flatMap((name) => {
    const bare = name === 'cpu' || name === 'memory' ? name : '';
    const asked = hard[`requests.${name}`] === undefined && hard[bare] !== undefined ? bare : `requests.${name}`;
    const [request, limit] = [hard[asked], hard[`limits.${name}`]];
    if (request === undefined || limit === undefined) return [];
    return parseQuantity(request).compare(parseQuantity(limit)) > 0
      ? [`ResourceQuota ${asked} (${request}) should be less than limits.${name} (${limit})`]
      : [];
  });
}

export const resourceQuotas = defineKind<ResourceQuota>('core/v1/resourcequotas', {
  cached: true,
  strategy: { validateCreate: validateQuota, validateUpdate: validateQuotaUpdate, warningsOnCreate: quotaWarnings },
  statusStrategy: { validateUpdate: validateQuotaStatus },
  cells: resourceQuotaCells,
});
