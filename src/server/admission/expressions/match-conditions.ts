/** Conditions that decide whether a policy or webhook is concerned. Upstream: plugin/webhook/matchconditions. */
import type { CompiledExpression } from '../../../kinds/index.ts';
import { type Activation, OutOfBudgetError } from './activation.ts';

export interface ConditionResult {
  /** False also where errors are ignored. */
  readonly matches: boolean;
  /** Why the request fails, where errors fail it. */
  readonly error?: string;
}

/** A condition that is false decides, whatever errors the others have. */
export async function matchConditions(
  conditions: readonly CompiledExpression[],
  activation: Activation,
  failurePolicy: string | undefined,
): Promise<ConditionResult> {
  const errors = new Set<string>();
  const failed = (error: string): ConditionResult =>
    failurePolicy === 'Ignore' ? { matches: false } : { matches: false, error };
  try {
    for (const condition of conditions) {
      const evaluation = await activation.evaluate(condition);
      if (evaluation.error !== undefined) errors.add(evaluation.error);
      else if (evaluation.value === false) return { matches: false };
    }
  } catch (error) {
    if (error instanceof OutOfBudgetError) return failed(error.message);
    throw error;
  }
  if (errors.size === 0) return { matches: true };
  return failed(errors.size === 1 ? [...errors].join() : `[${[...errors].join(', ')}]`);
}
