import { defineKind } from '../../define-kind.ts';
import type { ValidatingAdmissionPolicyBinding } from '../../generated/types/admissionregistration-v1.ts';

export const validatingAdmissionPolicyBindings = defineKind<ValidatingAdmissionPolicyBinding>(
  'admissionregistration.k8s.io/v1/validatingadmissionpolicybindings',
  {},
);
