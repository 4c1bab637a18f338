import { type ClusterRole, clusterRoles, type PolicyRule } from '../../kinds/index.ts';
import type { Plan, Write } from '../runtime/apply-plan.ts';
import { canonicalText, sameJson } from '../runtime/canonical.ts';
import { matchesLabels } from '../runtime/label-selector.ts';

/**
 * Fills each aggregated role with the rules of the roles that its selectors choose, by name and without repetition.
 * Roles may aggregate aggregated ones: all are computed until nothing moves, so that one pass is enough.
 */
export function planAggregation(roles: readonly ClusterRole[]): Plan {
  const byName = [...roles].sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));
  const rules = new Map(byName.map((role) => [role, role.rules ?? []]));
  const aggregated = byName.filter((role) => role.aggregationRule !== undefined);
  for (let round = 0, moved = true; moved && round <= aggregated.length; round++) {
    moved = false;
    for (const role of aggregated) {
      const next = combine(role, byName, rules);
      if (sameJson(next, rules.get(role))) continue;
      rules.set(role, next);
      moved = true;
    }
  }
  const writes = aggregated
    .filter((role) => !sameJson(rules.get(role), role.rules ?? []))
    .map((role): Write => ({ type: 'update', kind: clusterRoles, object: { ...role, rules: rules.get(role)! } }));
  return { steps: [{ writes }] };
}

function combine(
  role: ClusterRole,
  all: readonly ClusterRole[],
  rules: ReadonlyMap<ClusterRole, PolicyRule[]>,
): PolicyRule[] {
  const combined = new Map<string, PolicyRule>();
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    for (const other of all) {
      if (other === role || !matchesLabels(selector, other.metadata.labels)) continue;
      for (const rule of rules.get(other) ?? []) combined.set(canonicalText(rule), rule);
    }
  }
  return [...combined.values()];
}
