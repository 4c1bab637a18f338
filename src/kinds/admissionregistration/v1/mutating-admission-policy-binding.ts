import { defineKind } from '../../define-kind.ts';
import type { MutatingAdmissionPolicyBinding } from '../../generated/types/admissionregistration-v1.ts';

export const mutatingAdmissionPolicyBindings = defineKind<MutatingAdmissionPolicyBinding>(
  'admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings',
  {},
);
