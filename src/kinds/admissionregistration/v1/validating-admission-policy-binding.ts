import { admissionPolicyBindingCells } from '../../cells/groups.ts';
import { defineKind } from '../../define-kind.ts';
import type { ValidatingAdmissionPolicyBinding } from '../../generated/types/admissionregistration-v1.ts';
import { setMatchResourcesDefaults } from './defaults.ts';
import { staticNameWarnings } from './static-names.ts';
import { validateValidatingBinding } from './validate-bindings.ts';

export const validatingAdmissionPolicyBindings = defineKind<ValidatingAdmissionPolicyBinding>(
  'admissionregistration.k8s.io/v1/validatingadmissionpolicybindings',
  {
    cached: true,
    defaults: ({ spec }) => setMatchResourcesDefaults(spec.matchResources),
    strategy: {
      ...staticNameWarnings,
      validateCreate: validateValidatingBinding,
      validateUpdate: validateValidatingBinding,
    },
    cells: admissionPolicyBindingCells,
  },
);
