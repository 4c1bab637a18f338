import { defineKind } from '../../define-kind.ts';
import type { HorizontalPodAutoscaler } from '../../generated/types/autoscaling-v2.ts';

export const horizontalPodAutoscalers = defineKind<HorizontalPodAutoscaler>(
  'autoscaling/v2/horizontalpodautoscalers',
  {},
);
