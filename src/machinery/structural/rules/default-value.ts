/** The rules of a schema over its own default. Upstream: apiserver/schema/defaulting/validation.go. */
import type { FieldError } from '../../status.ts';
import type { JSONSchemaProps } from '../contract.ts';
import type { RuleBudget } from './budget.ts';
import { evaluateRules } from './evaluate.ts';
import { RuleNode } from './rule-node.ts';

/** Violations of a default, as the value of a changed and as that of a new object. */
export function defaultRuleErrors(
  schema: JSONSchemaProps,
  { path, budget, resource }: { path: string; budget: RuleBudget; resource: boolean },
): FieldError[] {
  const node = RuleNode.of(schema, resource);
  if (node === undefined) return [];
  const value = schema.default;
  const asNew: RuleBudget = budget.copy();
  const changed = evaluateRules(node, { path, value, old: value }, { budget });
  if (changed.length > 0) return changed;
  const errors = evaluateRules(node, { path, value }, { budget: asNew });
  budget.lower(asNew);
  return errors;
}
