export { certificateSigningController } from './controller.ts';
export { awaitsSignature, isNodeClientRequest, lifetimeOf, refusalOf } from './plan.ts';
