import type { ObjectMeta } from '../../../machinery/meta.ts';

/** Annotations in which other versions carry what they have no fields for. */
const CARRIERS: ReadonlySet<string> = new Set(
  ['metrics', 'behavior', 'scale-down-tolerance', 'scale-up-tolerance', 'current-metrics', 'conditions'].map(
    (name) => `autoscaling.alpha.kubernetes.io/${name}`,
  ),
);

/** Metadata without those annotations. Upstream: autoscaling DropRoundTripHorizontalPodAutoscalerAnnotations. */
export function withoutCarriers(metadata: ObjectMeta): ObjectMeta {
  const { annotations, ...rest } = metadata;
  if (!annotations || !Object.keys(annotations).some((name) => CARRIERS.has(name))) return metadata;
  const kept = Object.entries(annotations).filter(([name]) => !CARRIERS.has(name));
  return kept.length > 0 ? { ...rest, annotations: Object.fromEntries(kept) } : rest;
}
