export { createPvcProtectionController } from './controller.ts';
export { usesClaim } from './plan.ts';
