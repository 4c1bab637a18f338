export { createGarbageCollector } from './controller.ts';
export { type OwnerState, planItem } from './plan.ts';
