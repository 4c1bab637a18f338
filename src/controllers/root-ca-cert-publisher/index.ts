export { rootCaCertPublisher } from './controller.ts';
export { planRootCa } from './plan.ts';
