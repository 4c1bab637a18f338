export { validatingAdmissionPolicyStatusController } from './controller.ts';
