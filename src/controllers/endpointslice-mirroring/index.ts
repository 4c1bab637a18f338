export { endpointSliceMirroringController } from './controller.ts';
export { planMirror } from './plan.ts';
