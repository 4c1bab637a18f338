export { certificateSigningController } from './controller.ts';
export { isNodeClientRequest } from './plan.ts';
