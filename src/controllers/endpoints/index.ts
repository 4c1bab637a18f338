export { endpointsController } from './controller.ts';
export { planEndpoints } from './plan.ts';
