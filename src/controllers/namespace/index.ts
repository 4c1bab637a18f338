export { createNamespaceController } from './controller.ts';
export { planNamespace } from './plan.ts';
