import { defineKind } from '../../define-kind.ts';
import type { LimitRange } from '../../generated/types/core-v1.ts';

export const limitRanges = defineKind<LimitRange>('core/v1/limitranges', {});
