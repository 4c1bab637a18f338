import { resourceQuotaCells } from '../../cells/core.ts';
import { defineKind } from '../../define-kind.ts';
import type { ResourceQuota } from '../../generated/types/core-v1.ts';
import { validateQuota, validateQuotaStatus, validateQuotaUpdate } from './validate-limits.ts';

export const resourceQuotas = defineKind<ResourceQuota>('core/v1/resourcequotas', {
  cached: true,
  strategy: { validateCreate: validateQuota, validateUpdate: validateQuotaUpdate },
  statusStrategy: { validateUpdate: validateQuotaStatus },
  cells: resourceQuotaCells,
});
