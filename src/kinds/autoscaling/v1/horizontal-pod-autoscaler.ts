import { decodeObject } from '../../../machinery/fields/index.ts';
import type { KubeObject } from '../../../machinery/meta.ts';
import { autoscalerCells } from '../../cells/autoscaler.ts';
import { defineKind } from '../../define-kind.ts';
import type { HorizontalPodAutoscaler } from '../../generated/types/autoscaling-v1.ts';
import type {
  HorizontalPodAutoscalerCondition,
  MetricSpec,
  MetricStatus,
  HorizontalPodAutoscaler as Stored,
} from '../../generated/types/autoscaling-v2.ts';
import { internalForm } from '../../internal-form.ts';
import { objectSchema } from '../../schema.ts';
import { withoutCarriers } from '../v2/carriers.ts';
import { DEFAULT_CPU_PERCENT, setAutoscalerDefaults } from '../v2/horizontal-pod-autoscaler.ts';
import { validateAutoscaler, validateAutoscalerStatus } from '../v2/validate.ts';
import { lowerKeys, newSpec, newStatus, oldSpec, oldStatus } from './metrics.ts';

/** What version 1 has no field for travels in annotations: of the spec, and of the status. */
const METRICS = 'autoscaling.alpha.kubernetes.io/metrics';
const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior';
const CURRENT_METRICS = 'autoscaling.alpha.kubernetes.io/current-metrics';
const CONDITIONS = 'autoscaling.alpha.kubernetes.io/conditions';

type Annotations = Record<string, string>;
type Item = Readonly<Record<string, unknown>>;

const isCPU = (metric: MetricSpec | MetricStatus): boolean =>
  metric.type === 'Resource' && metric.resource?.name === 'cpu';

const isUtilization = (metric: MetricSpec): boolean =>
  isCPU(metric) && metric.resource?.target.averageUtilization !== undefined;

const cpuMetric = (averageUtilization: number): MetricSpec => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
});

/** What an annotation says, when it can be read as Go would. */
function parse<T>(text: string | undefined, read: (json: unknown) => T): T | undefined {
  if (text === undefined) return undefined;
  try {
    return read(JSON.parse(text));
  } catch {
    return undefined;
  }
}

const decode = (type: string, json: unknown): Item => decodeObject<Item>(objectSchema(type), json).object;

/** Items of a list of `type`; throws when the value is no such list. */
function items(type: string, json: unknown): Item[] {
  if (json === null) return [];
  if (!Array.isArray(json)) throw new TypeError('not a list');
  return json.map((item: unknown) => decode(`autoscaling/v1.${type}`, item ?? {}));
}

const readMetrics = (annotations: Annotations): Item[] =>
  parse(annotations[METRICS], (json) => items('MetricSpec', json)) ?? [];

function readBehavior(json: unknown): Stored['spec']['behavior'] {
  const rules = decode('autoscaling/v2.HorizontalPodAutoscalerBehavior', lowerKeys(json ?? {}));
  return rules.scaleUp || rules.scaleDown ? rules : undefined;
}

/** What the specs and statuses that were read are in storage: strategies keep them as they are. */
const origins = new WeakMap<object, object>();

function storedSpec(spec: HorizontalPodAutoscaler['spec'], annotations: Annotations): Stored['spec'] {
  const origin = origins.get(spec);
  if (origin) return origin as Stored['spec'];
  const { targetCPUUtilizationPercentage: percent, ...rest } = spec;
  const metrics = readMetrics(annotations).map(newSpec);
  if (percent !== undefined) metrics.push(cpuMetric(percent));
  const behavior = parse(annotations[BEHAVIOR], readBehavior);
  return { ...rest, metrics, ...(behavior ? { behavior } : {}) };
}

function storedStatus(object: HorizontalPodAutoscaler, annotations: Annotations): NonNullable<Stored['status']> {
  const origin = object.status && origins.get(object.status);
  if (origin) return origin as NonNullable<Stored['status']>;
  const empty: HorizontalPodAutoscaler['status'] = { currentReplicas: 0, desiredReplicas: 0 };
  const { currentCPUUtilizationPercentage: percent, currentReplicas, ...status } = object.status ?? empty;
  const stated = parse(annotations[CURRENT_METRICS], (json) => items('MetricStatus', json))?.map(newStatus);
  const cpu: MetricStatus = {
    type: 'Resource',
    resource: { name: 'cpu', current: percent === undefined ? {} : { averageUtilization: percent } },
  };
  const currentMetrics = stated ?? (percent === undefined ? [] : [cpu]);
  const conditions = parse(annotations[CONDITIONS], (json) => items('HorizontalPodAutoscalerCondition', json));
  return {
    ...status,
    ...(currentReplicas ? { currentReplicas } : {}),
    currentMetrics: (currentMetrics.length > 0 ? currentMetrics : null) as MetricStatus[],
    ...(conditions?.length ? { conditions: conditions as unknown as HorizontalPodAutoscalerCondition[] } : {}),
  };
}

/** The percentage of version 1 is one metric of version 2. Upstream: apis/autoscaling/v1 conversion. */
function toStorage(object: HorizontalPodAutoscaler): Stored {
  const annotations: Annotations = object.metadata.annotations ?? {};
  return {
    kind: object.kind ?? 'HorizontalPodAutoscaler',
    apiVersion: 'autoscaling/v2',
    metadata: withoutCarriers(object.metadata),
    spec: storedSpec(object.spec, annotations),
    status: storedStatus(object, annotations),
  };
}

function fromStorage(object: Stored): HorizontalPodAutoscaler {
  const { metrics = [], behavior, ...spec } = object.spec;
  const { currentMetrics, conditions, ...status } = object.status ?? { desiredReplicas: 0 };
  const others = metrics.filter((metric) => !isUtilization(metric));
  const target = metrics.find(isUtilization)?.resource?.target.averageUtilization;
  const percent = currentMetrics
    ?.filter(isCPU)
    .map((metric) => metric.resource?.current.averageUtilization)
    .findLast((value) => value !== undefined);
  const metadata = withoutCarriers(object.metadata);
  const annotations: Annotations = { ...metadata.annotations };
  if (others.length > 0) annotations[METRICS] = JSON.stringify(others.map(oldSpec));
  if (behavior)
    annotations[BEHAVIOR] = JSON.stringify(internalForm('autoscaling/v2.HorizontalPodAutoscalerBehavior', behavior));
  if (currentMetrics?.length) annotations[CURRENT_METRICS] = JSON.stringify(currentMetrics.map(oldStatus));
  if (conditions?.length) annotations[CONDITIONS] = JSON.stringify(conditions);
  const read = {
    kind: object.kind ?? 'HorizontalPodAutoscaler',
    apiVersion: 'autoscaling/v1',
    metadata: Object.keys(annotations).length > 0 ? { ...metadata, annotations } : metadata,
    spec: { ...spec, ...(target === undefined ? {} : { targetCPUUtilizationPercentage: target }) },
    status: {
      ...status,
      currentReplicas: status.currentReplicas ?? 0,
      ...(percent === undefined ? {} : { currentCPUUtilizationPercentage: percent }),
    },
  };
  origins.set(read.spec, object.spec);
  if (object.status) origins.set(read.status, object.status);
  return read;
}

/** A new object has no status, nor the annotations that would carry one. */
function dropStatus({ metadata }: HorizontalPodAutoscaler): void {
  const { [CURRENT_METRICS]: _, [CONDITIONS]: __, ...annotations } = metadata.annotations ?? {};
  if (Object.keys(annotations).length > 0) metadata.annotations = annotations;
  else delete metadata.annotations;
}

export const horizontalPodAutoscalersV1 = defineKind<HorizontalPodAutoscaler>(
  'autoscaling/v1/horizontalpodautoscalers',
  {
    storageVersion: 'autoscaling/v2',
    carriers: [METRICS, BEHAVIOR, CURRENT_METRICS, CONDITIONS],
    toStorage(object) {
      const stored = toStorage(object);
      // What is read from storage has the defaults of its version.
      setAutoscalerDefaults(stored);
      return stored as KubeObject;
    },
    fromStorage: (object) => fromStorage(object as Stored),
    strategy: {
      prepareForCreate: dropStatus,
      validateCreate: (object) => validateAutoscaler(toStorage(object)),
      validateUpdate: (object) => validateAutoscaler(toStorage(object)),
    },
    statusStrategy: {
      validateUpdate: (object) => validateAutoscalerStatus(toStorage(object)),
    },
    cells: (object, now) => autoscalerCells(toStorage(object), now),
    defaults({ metadata, spec }) {
      spec.minReplicas ??= 1;
      if (spec.targetCPUUtilizationPercentage === undefined && readMetrics(metadata.annotations ?? {}).length === 0)
        spec.targetCPUUtilizationPercentage = DEFAULT_CPU_PERCENT;
    },
  },
);
