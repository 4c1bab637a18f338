import { admissionPolicyCells } from '../../cells/groups.ts';
import { defineKind } from '../../define-kind.ts';
import type { ValidatingAdmissionPolicy } from '../../generated/types/admissionregistration-v1.ts';
import { keepingMetadata, STATUS_METADATA } from '../../strategy.ts';
import { setMatchResourcesDefaults } from './defaults.ts';
import { staticNameWarnings } from './static-names.ts';
import { validateValidatingPolicy, validateValidatingPolicyStatus } from './validate-policies.ts';

export const validatingAdmissionPolicies = defineKind<ValidatingAdmissionPolicy>(
  'admissionregistration.k8s.io/v1/validatingadmissionpolicies',
  {
    cached: true,
    defaults({ spec }) {
      spec.failurePolicy ??= 'Fail';
      setMatchResourcesDefaults(spec.matchConstraints);
    },
    strategy: {
      ...staticNameWarnings,
      validateCreate: (policy) => validateValidatingPolicy(policy),
      validateUpdate: (policy, old) => validateValidatingPolicy(policy, old),
    },
    statusStrategy: keepingMetadata(STATUS_METADATA, { validateUpdate: validateValidatingPolicyStatus }),
    cells: (policy, now) => admissionPolicyCells(policy, policy.spec.validations?.length ?? 0, now),
  },
);
