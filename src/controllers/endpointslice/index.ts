export { endpointSliceController } from './controller.ts';
export { planEndpointSlices } from './plan.ts';
