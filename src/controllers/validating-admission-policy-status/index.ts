export { validatingAdmissionPolicyStatusController } from './controller.ts';
export { checkTypes, type KindType, planStatus } from './plan.ts';
