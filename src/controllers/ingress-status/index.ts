export { ingressStatusController } from './controller.ts';
export { planIngressClass, planIngressStatus } from './plan.ts';
