export { ingressStatusController } from './controller.ts';
export { planIngressStatus } from './plan.ts';
