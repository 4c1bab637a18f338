import { podDisruptionBudgetCells } from '../../cells/groups.ts';
import { defineKind } from '../../define-kind.ts';
import type { PodDisruptionBudget } from '../../generated/types/policy-v1.ts';
import { validateBudgetStatus, validateDisruptionBudget } from './validate.ts';

export const podDisruptionBudgets = defineKind<PodDisruptionBudget>('policy/v1/poddisruptionbudgets', {
  cells: podDisruptionBudgetCells,
  statusStrategy: { validateUpdate: validateBudgetStatus },
  strategy: { validateCreate: validateDisruptionBudget, validateUpdate: validateDisruptionBudget },
});
