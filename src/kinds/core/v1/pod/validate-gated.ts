/** Where a pod that waits at a gate may run: it may be told more, never less. Upstream: validateNodeAffinityMutation. */
import type { FieldError } from '../../../../machinery/status.ts';
import { invalidError } from '../../../../machinery/validation/index.ts';
import { equalJson } from '../../../equal-json.ts';
import type { NodeSelectorRequirement, NodeSelectorTerm, PodSpec } from '../../../generated/types/core-v1.ts';
import { internalForm } from '../../../internal-form.ts';

const TERM = 'core/v1.NodeSelectorTerm';
const TERMS = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';

export function validateGatedPlacement(spec: PodSpec, old: PodSpec): FieldError[] {
  const errors: FieldError[] = [];
  const selector = spec.nodeSelector ?? {};
  const kept = Object.entries(old.nodeSelector ?? {}).every(([key, value]) => selector[key] === value);
  if (!kept) {
    const why = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)';
    errors.push(invalidError('spec.nodeSelector', spec.nodeSelector ?? null, why));
  }
  const before = termsOf(old);
  const now = termsOf(spec);
  if (before.length === 0) return errors;
  if (before.length !== now.length) {
    const shown = now.length === 0 ? null : now.map((term) => internalForm(TERM, term));
    const why = 'no additions/deletions to non-empty NodeSelectorTerms list are allowed';
    return [...errors, invalidError(TERMS, shown, why)];
  }
  for (const [index, term] of now.entries()) {
    if (hasOnlyAdditions(term, before[index] as NodeSelectorTerm)) continue;
    const why = 'only additions are allowed (no mutations or deletions)';
    errors.push(invalidError(`${TERMS}[${index}]`, internalForm(TERM, term), why));
  }
  return errors;
}

const termsOf = ({ affinity }: PodSpec): readonly NodeSelectorTerm[] =>
  affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];

function hasOnlyAdditions(term: NodeSelectorTerm, old: NodeSelectorTerm): boolean {
  const starts = (
    now: readonly NodeSelectorRequirement[] = [],
    before: readonly NodeSelectorRequirement[] = [],
  ): boolean => equalJson(now.slice(0, before.length), before);
  // An empty term matches nothing, so anything in it would widen it.
  if (!old.matchExpressions?.length && !old.matchFields?.length)
    return !term.matchExpressions?.length && !term.matchFields?.length;
  return starts(term.matchExpressions, old.matchExpressions) && starts(term.matchFields, old.matchFields);
}
