import { defineKind } from '../../define-kind.ts';
import type { LimitRange, LimitRangeItem } from '../../generated/types/core-v1.ts';
import { validateLimitRange } from './validate-limits.ts';

/** Limits fill requests: default from max, default request from default, then from min. Upstream: SetDefaults_LimitRangeItem. */
function setItemDefaults(item: LimitRangeItem): void {
  if (item.type !== 'Container') return;
  const limits = { ...item.max, ...item.default };
  if (Object.keys(limits).length > 0) item.default = limits;
  const requests = { ...item.min, ...limits, ...item.defaultRequest };
  if (Object.keys(requests).length > 0) item.defaultRequest = requests;
}

export const limitRanges = defineKind<LimitRange>('core/v1/limitranges', {
  cached: true,
  strategy: {
    prepareForCreate({ metadata }, { uuid }) {
      metadata.name ||= uuid();
    },
    validateCreate: validateLimitRange,
    validateUpdate: validateLimitRange,
  },
  defaults: (range) => range.spec.limits?.forEach(setItemDefaults),
});
