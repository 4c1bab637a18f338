import { admissionPolicyBindingCells } from '../../cells/groups.ts';
import { defineKind } from '../../define-kind.ts';
import type { MutatingAdmissionPolicyBinding } from '../../generated/types/admissionregistration-v1.ts';
import { setMatchResourcesDefaults } from './defaults.ts';
import { staticNameWarnings } from './static-names.ts';
import { validateMutatingBinding } from './validate-bindings.ts';

export const mutatingAdmissionPolicyBindings = defineKind<MutatingAdmissionPolicyBinding>(
  'admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings',
  {
    cached: true,
    defaults: ({ spec }) => setMatchResourcesDefaults(spec.matchResources),
    strategy: {
      ...staticNameWarnings,
      validateCreate: validateMutatingBinding,
      validateUpdate: validateMutatingBinding,
    },
    cells: admissionPolicyBindingCells,
  },
);
