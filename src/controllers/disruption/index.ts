export { createDisruptionController, POD_READER } from './controller.ts';
export { planBudget } from './plan.ts';
