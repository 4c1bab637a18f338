export { createNodeLifecycleController, tunnelKey } from './controller.ts';
export { planEvictions } from './evictions.ts';
export { planNode } from './plan.ts';
