import { admissionPolicyCells } from '../../cells/groups.ts';
import { defineKind } from '../../define-kind.ts';
import type { MutatingAdmissionPolicy } from '../../generated/types/admissionregistration-v1.ts';
import { setMatchResourcesDefaults } from './defaults.ts';
import { staticNameWarnings } from './static-names.ts';
import { validateMutatingPolicy } from './validate-policies.ts';

export const mutatingAdmissionPolicies = defineKind<MutatingAdmissionPolicy>(
  'admissionregistration.k8s.io/v1/mutatingadmissionpolicies',
  {
    cached: true,
    defaults({ spec }) {
      spec.failurePolicy ??= 'Fail';
      setMatchResourcesDefaults(spec.matchConstraints);
    },
    strategy: {
      ...staticNameWarnings,
      validateCreate: (policy) => validateMutatingPolicy(policy),
      validateUpdate: (policy, old) => validateMutatingPolicy(policy, old),
    },
    cells: (policy, now) => admissionPolicyCells(policy, policy.spec.mutations?.length ?? 0, now),
  },
);
