import type { KubeObject } from '../../../machinery/meta.ts';
import { autoscalerCells } from '../../cells/autoscaler.ts';
import { defineKind } from '../../define-kind.ts';
import type { HorizontalPodAutoscaler } from '../../generated/types/autoscaling-v1.ts';
import type {
  MetricSpec,
  MetricStatus,
  HorizontalPodAutoscaler as Stored,
} from '../../generated/types/autoscaling-v2.ts';
import { internalForm } from '../../internal-form.ts';
import { validateAutoscaler, validateAutoscalerStatus } from '../v2/validate.ts';
import { lowerKeys, newSpec, newStatus, oldSpec, oldStatus } from './metrics.ts';

/** What version 1 has no field for travels in annotations. */
const METRICS = 'autoscaling.alpha.kubernetes.io/metrics';
const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior';
const CURRENT_METRICS = 'autoscaling.alpha.kubernetes.io/current-metrics';
const CONDITIONS = 'autoscaling.alpha.kubernetes.io/conditions';

type OldMetric = Readonly<Record<string, unknown>>;

const isCPU = (metric: MetricSpec | MetricStatus): boolean =>
  metric.type === 'Resource' && metric.resource?.name === 'cpu';

function parse<T>(text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}

/** The percentage of version 1 is one metric of version 2. Upstream: apis/autoscaling/v1 conversion. */
function toStorage(object: HorizontalPodAutoscaler): Stored {
  const {
    [METRICS]: metricsText,
    [BEHAVIOR]: behavior,
    [CURRENT_METRICS]: current,
    [CONDITIONS]: conditions,
    ...annotations
  } = object.metadata.annotations ?? {};
  const { targetCPUUtilizationPercentage: percent, ...spec } = object.spec;
  const {
    currentCPUUtilizationPercentage: currentPercent,
    currentReplicas,
    ...status
  } = object.status ?? {
    currentReplicas: 0,
    desiredReplicas: 0,
  };
  const metrics = (parse<OldMetric[]>(metricsText) ?? []).map(newSpec);
  if (percent !== undefined) {
    metrics.push({
      type: 'Resource',
      resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } },
    });
  }
  const currentMetrics = (parse<OldMetric[]>(current) ?? []).map(newStatus);
  if (currentPercent !== undefined && !currentMetrics.some(isCPU)) {
    currentMetrics.push({
      type: 'Resource',
      resource: { name: 'cpu', current: { averageUtilization: currentPercent } },
    });
  }
  const metadata = { ...object.metadata };
  if (Object.keys(annotations).length > 0) metadata.annotations = annotations;
  else delete metadata.annotations;
  const rules = lowerKeys(parse<object>(behavior)) as Stored['spec']['behavior'];
  const states = parse<NonNullable<Stored['status']>['conditions']>(conditions);
  return {
    kind: object.kind ?? 'HorizontalPodAutoscaler',
    apiVersion: 'autoscaling/v2',
    metadata,
    spec: { ...spec, ...(metrics.length > 0 ? { metrics } : {}), ...(rules ? { behavior: rules } : {}) },
    status: {
      ...status,
      ...(currentReplicas ? { currentReplicas } : {}),
      currentMetrics: (currentMetrics.length > 0 ? currentMetrics : null) as MetricStatus[],
      ...(states ? { conditions: states } : {}),
    },
  };
}

function fromStorage(object: Stored): HorizontalPodAutoscaler {
  const { metrics = [], behavior, ...spec } = object.spec;
  const { currentMetrics, conditions, ...status } = object.status ?? { desiredReplicas: 0 };
  const cpu = metrics.find((metric) => isCPU(metric) && metric.resource?.target.averageUtilization !== undefined);
  const others = metrics.filter((metric) => metric !== cpu);
  const percent = currentMetrics?.find(isCPU)?.resource?.current.averageUtilization;
  const annotations: Record<string, string> = { ...object.metadata.annotations };
  if (others.length > 0) annotations[METRICS] = JSON.stringify(others.map(oldSpec));
  if (behavior)
    annotations[BEHAVIOR] = JSON.stringify(internalForm('autoscaling/v2.HorizontalPodAutoscalerBehavior', behavior));
  if (currentMetrics?.length) annotations[CURRENT_METRICS] = JSON.stringify(currentMetrics.map(oldStatus));
  if (conditions?.length) annotations[CONDITIONS] = JSON.stringify(conditions);
  const target = cpu?.resource?.target.averageUtilization;
  return {
    kind: object.kind ?? 'HorizontalPodAutoscaler',
    apiVersion: 'autoscaling/v1',
    metadata: Object.keys(annotations).length > 0 ? { ...object.metadata, annotations } : object.metadata,
    spec: { ...spec, ...(target === undefined ? {} : { targetCPUUtilizationPercentage: target }) },
    status: {
      ...status,
      currentReplicas: status.currentReplicas ?? 0,
      ...(percent === undefined ? {} : { currentCPUUtilizationPercentage: percent }),
    },
  };
}

export const horizontalPodAutoscalersV1 = defineKind<HorizontalPodAutoscaler>(
  'autoscaling/v1/horizontalpodautoscalers',
  {
    storageVersion: 'autoscaling/v2',
    toStorage: (object) => toStorage(object) as KubeObject,
    fromStorage: (object) => fromStorage(object as Stored),
    strategy: {
      validateCreate: (object) => validateAutoscaler(toStorage(object)),
      validateUpdate: (object) => validateAutoscaler(toStorage(object)),
    },
    statusStrategy: { validateUpdate: (object) => validateAutoscalerStatus(toStorage(object)) },
    cells: (object, now) => autoscalerCells(toStorage(object), now),
    defaults({ spec, metadata }) {
      spec.minReplicas ??= 1;
      if (metadata.annotations?.[METRICS] === undefined) spec.targetCPUUtilizationPercentage ??= 80;
    },
  },
);
