/**
 * Metrics in the annotations of version 1, in a form of their own, and in version 2.
 * Upstream: apis/autoscaling/v1 conversion.
 */
import type { MetricSpec, MetricStatus } from '../../generated/types/autoscaling-v2.ts';

type Fields = Readonly<Record<string, unknown>>;
type Target = Readonly<{ value?: unknown; averageValue?: unknown; averageUtilization?: unknown }>;

const compact = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null));

/** The names that a value has in version 1, by those in version 2. */
interface Names {
  value: string;
  averageValue: string;
  averageUtilization: string;
}

const SPEC: Names = {
  value: 'targetValue',
  averageValue: 'targetAverageValue',
  averageUtilization: 'targetAverageUtilization',
};
const STATUS: Names = {
  value: 'currentValue',
  averageValue: 'currentAverageValue',
  averageUtilization: 'currentAverageUtilization',
};

const SOURCES = ['object', 'pods', 'resource', 'containerResource', 'external'] as const;
type Source = (typeof SOURCES)[number];

/** The amounts that version 1 always writes, zero when there is none. */
const WRITTEN: Readonly<Record<'target' | 'current', { value: readonly Source[]; averageValue: readonly Source[] }>> = {
  target: { value: ['object'], averageValue: ['pods'] },
  current: { value: ['object', 'external'], averageValue: ['pods', 'resource', 'containerResource'] },
};

/** Objects call the mean by its plain name. */
const namesOf = (source: Source, names: Names): Names =>
  source === 'object' ? { ...names, averageValue: 'averageValue' } : names;

function toOld(metric: Fields, part: 'target' | 'current', all: Names): Fields {
  const out: Record<string, unknown> = { type: metric.type };
  for (const source of SOURCES) {
    const fields = metric[source] as Fields | undefined;
    if (!fields) continue;
    const { metric: identity, describedObject, [part]: amount, name: resource, container } = fields;
    const { name, selector } = (identity ?? {}) as { name?: string; selector?: unknown };
    const names = namesOf(source, all);
    const always = WRITTEN[part];
    const values = (amount ?? {}) as Target;
    const value = values.value ?? (always.value.includes(source) ? '0' : undefined);
    const mean = values.averageValue ?? (always.averageValue.includes(source) ? '0' : undefined);
    const isObject = source === 'object';
    // In the order of upstream's structs, as annotations are compared as texts.
    out[source] = compact({
      name: resource,
      target: describedObject,
      metricName: name,
      ...(source === 'external' ? { metricSelector: selector } : {}),
      [names.value]: value,
      [names.averageUtilization]: values.averageUtilization,
      ...(isObject ? {} : { [names.averageValue]: mean }),
      ...(source === 'external' ? {} : { selector }),
      ...(isObject ? { [names.averageValue]: mean } : {}),
      container,
    });
  }
  return out;
}

function fromOld(metric: Fields, part: 'target' | 'current', all: Names): Fields {
  const out: Record<string, unknown> = { type: metric.type };
  for (const source of SOURCES) {
    const fields = metric[source] as Fields | undefined;
    if (!fields) continue;
    const names = namesOf(source, all);
    const { value, averageValue, averageUtilization } = names;
    const isNamed = source === 'object' || source === 'pods' || source === 'external';
    const mean = fields[averageValue];
    // Upstream: version 1 cannot leave the value of an object metric out, so that zero beside a mean is none.
    const isUnset = part === 'target' && source === 'object' && mean !== undefined && fields[value] === '0';
    const amount = {
      averageUtilization: fields[averageUtilization],
      averageValue: mean,
      value: isUnset ? undefined : fields[value],
    };
    const selector = fields[source === 'external' ? 'metricSelector' : 'selector'];
    out[source] = compact({
      name: fields.name,
      container: fields.container,
      describedObject: source === 'object' ? fields.target : undefined,
      metric: isNamed ? compact({ name: fields.metricName, selector }) : undefined,
      [part]: part === 'target' ? compact({ type: typeOf(source, amount), ...amount }) : compact(amount),
    });
  }
  return out;
}

function typeOf(source: Source, { averageUtilization, averageValue, value }: Target): string {
  if (averageUtilization !== undefined) return 'Utilization';
  return value === undefined || (source === 'object' && averageValue !== undefined) ? 'AverageValue' : 'Value';
}

export const oldSpec = (metric: MetricSpec): Fields => toOld(metric as unknown as Fields, 'target', SPEC);
export const oldStatus = (metric: MetricStatus): Fields => toOld(metric as unknown as Fields, 'current', STATUS);
export const newSpec = (metric: Fields): MetricSpec => fromOld(metric, 'target', SPEC) as unknown as MetricSpec;
export const newStatus = (metric: Fields): MetricStatus =>
  fromOld(metric, 'current', STATUS) as unknown as MetricStatus;

/** A value with the names of Go's fields brought to those of JSON, as Go reads names in any case. */
export function lowerKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lowerKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(
    entries.map(([key, item]) => [`${key.charAt(0).toLowerCase()}${key.slice(1)}`, lowerKeys(item)]),
  );
}
