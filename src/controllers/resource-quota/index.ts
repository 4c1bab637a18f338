export { createResourceQuotaController } from './controller.ts';
export { planUsage } from './plan.ts';
