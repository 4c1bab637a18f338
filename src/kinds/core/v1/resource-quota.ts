import { resourceQuotaCells } from '../../cells/core.ts';
import { defineKind } from '../../define-kind.ts';
import type { ResourceQuota } from '../../generated/types/core-v1.ts';

export const resourceQuotas = defineKind<ResourceQuota>('core/v1/resourcequotas', {
  cached: true,
  cells: resourceQuotaCells,
});
