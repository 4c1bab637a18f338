import { sentEmpty } from '../../../machinery/explicit-empty.ts';
import { autoscalerCells } from '../../cells/autoscaler.ts';
import { defineKind } from '../../define-kind.ts';
import type { HorizontalPodAutoscaler, HPAScalingRules } from '../../generated/types/autoscaling-v2.ts';
import { withoutCarriers } from './carriers.ts';
import { validateAutoscaler, validateAutoscalerStatus } from './validate.ts';

export const DEFAULT_CPU_PERCENT = 80;

function fillRules(rules: HPAScalingRules | undefined, defaults: HPAScalingRules): HPAScalingRules {
  // An empty list is the client's and is refused; only what is absent is filled in.
  const isEmpty = rules !== undefined && sentEmpty(rules, 'policies') !== null;
  return { ...defaults, ...rules, policies: rules?.policies ?? (isEmpty ? [] : (defaults.policies ?? [])) };
}

/** Upstream: apis/autoscaling/v2 SetDefaults_HorizontalPodAutoscaler. */
export function setAutoscalerDefaults(object: HorizontalPodAutoscaler): void {
  const { spec } = object;
  object.metadata = withoutCarriers(object.metadata);
  spec.minReplicas ??= 1;
  if (!spec.metrics?.length) {
    const target = { type: 'Utilization', averageUtilization: DEFAULT_CPU_PERCENT };
    spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }];
  }
  if (!spec.behavior) return;
  const everything = { type: 'Percent', value: 100, periodSeconds: 15 };
  spec.behavior.scaleUp = fillRules(spec.behavior.scaleUp, {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }, { ...everything }],
  });
  spec.behavior.scaleDown = fillRules(spec.behavior.scaleDown, { selectPolicy: 'Max', policies: [{ ...everything }] });
}

export const horizontalPodAutoscalers = defineKind<HorizontalPodAutoscaler>('autoscaling/v2/horizontalpodautoscalers', {
  defaults: setAutoscalerDefaults,
  cells: autoscalerCells,
  strategy: { validateCreate: validateAutoscaler, validateUpdate: validateAutoscaler },
  statusStrategy: { validateUpdate: validateAutoscalerStatus },
});
