import type {
  HorizontalPodAutoscaler,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from '../generated/types/autoscaling-v2.ts';
import { age, nameOf, UNKNOWN, UNSET } from './text.ts';

/** As many metrics as the cell shows. */
const MAX_METRICS = 2;

/** The parts of a metric's spec and status that its text needs, wherever its source keeps them. */
function parts(
  spec: MetricSpec,
  status: MetricStatus | undefined,
): { name: string; target: MetricTarget | undefined; current: MetricValueStatus | undefined } {
  switch (spec.type) {
    case 'Resource':
      return { name: spec.resource?.name ?? '', target: spec.resource?.target, current: status?.resource?.current };
    case 'ContainerResource':
      return {
        name: spec.containerResource?.name ?? '',
        target: spec.containerResource?.target,
        current: status?.containerResource?.current,
      };
    case 'Pods':
      return { name: '', target: spec.pods?.target, current: status?.pods?.current };
    case 'Object':
      return { name: '', target: spec.object?.target, current: status?.object?.current };
    default:
      return { name: '', target: spec.external?.target, current: status?.external?.current };
  }
}

function metricText(spec: MetricSpec, status: MetricStatus | undefined): string {
  const { name, target, current } = parts(spec, status);
  const label = name === '' ? '' : `${name}: `;
  if (target?.averageValue !== undefined) {
    const text = `${label}${current?.averageValue ?? UNKNOWN}/${target.averageValue}`;
    return name === '' && spec.type !== 'Pods' ? `${text} (avg)` : text;
  }
  if (target?.averageUtilization !== undefined) {
    const now = current?.averageUtilization === undefined ? UNKNOWN : `${current.averageUtilization}%`;
    return `${label}${now}/${target.averageUtilization}%`;
  }
  return `${label}${current?.value ?? UNKNOWN}/${target?.value ?? '<auto>'}`;
}

/** Upstream: printers/internalversion printHorizontalPodAutoscaler. */
export function autoscalerCells(object: HorizontalPodAutoscaler, now: number): unknown[] {
  const { spec, status } = object;
  const metrics = spec.metrics ?? [];
  const shown = metrics
    .slice(0, MAX_METRICS)
    .map((metric, index) => metricText(metric, status?.currentMetrics?.[index]));
  const more = metrics.length - MAX_METRICS;
  const targets =
    metrics.length === 0 ? '<none>' : more > 0 ? `${shown.join(', ')} + ${more} more...` : shown.join(', ');
  return [
    nameOf(object),
    `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`,
    targets,
    spec.minReplicas === undefined ? UNSET : String(spec.minReplicas),
    spec.maxReplicas,
    status?.currentReplicas ?? 0,
    age(object, now),
  ];
}
