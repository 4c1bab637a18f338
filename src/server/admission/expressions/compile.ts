import {
  type CompiledExpression,
  compileExpression,
  type ExpressionScope,
  ExpressionVariables,
  type MatchCondition,
  RESULTS,
  type Variable,
} from '../../../kinds/index.ts';
import type { CompiledVariables } from './activation.ts';

/** Compiles the variables of a policy; what else the policy says is compiled in the scope that this gives. */
export function compileVariables(
  variables: readonly Variable[],
  base: ExpressionScope,
): { scope: ExpressionScope; variables: CompiledVariables } {
  const known = new ExpressionVariables();
  const compiled = new Map<string, CompiledExpression>();
  for (const { name, expression } of variables) compiled.set(name, known.add(name, expression, base));
  return { scope: { ...base, variables: known }, variables: compiled };
}

export const compileConditions = (
  conditions: readonly MatchCondition[],
  scope: ExpressionScope,
): CompiledExpression[] => conditions.map(({ expression }) => compileExpression(expression, scope, RESULTS.condition));
