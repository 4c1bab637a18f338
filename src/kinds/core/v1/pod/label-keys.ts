/** Label keys whose values a pod takes from itself. Upstream: registry/core/pod mutateTopologySpreadConstraints. */
import type { Pod } from '../../../generated/types/core-v1.ts';
import type { LabelSelector } from '../../../generated/types/meta-v1.ts';

/** Turns the keys of spread constraints and affinity terms into expressions of their selectors. */
export function mergeLabelKeys({ spec, metadata }: Pod): void {
  const labels = metadata.labels ?? {};
  for (const { matchLabelKeys, labelSelector } of spec.topologySpreadConstraints ?? [])
    addExpressions(labelSelector, labels, { keys: matchLabelKeys, operator: 'In' });
  for (const affinity of [spec.affinity?.podAffinity, spec.affinity?.podAntiAffinity]) {
    const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    const terms = [
      ...preferred.map((term) => term.podAffinityTerm),
      ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ];
    for (const { labelSelector, matchLabelKeys, mismatchLabelKeys } of terms) {
      addExpressions(labelSelector, labels, { keys: matchLabelKeys, operator: 'In' });
      addExpressions(labelSelector, labels, { keys: mismatchLabelKeys, operator: 'NotIn' });
    }
  }
}

function addExpressions(
  selector: LabelSelector | undefined,
  labels: Readonly<Record<string, string>>,
  { keys, operator }: { keys: readonly string[] | undefined; operator: string },
): void {
  if (!selector || !keys) return;
  for (const key of keys) {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    if (value === undefined) continue;
    selector.matchExpressions ??= [];
    selector.matchExpressions.push({ key, operator, values: [value] });
  }
}
