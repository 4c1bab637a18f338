import { admissionPolicyCells } from '../../cells/groups.ts';
import { defineKind } from '../../define-kind.ts';
import type { MutatingAdmissionPolicy } from '../../generated/types/admissionregistration-v1.ts';
import { setMatchResourcesDefaults } from './defaults.ts';
import { validateMutatingPolicy } from './validate-policies.ts';

export const mutatingAdmissionPolicies = defineKind<MutatingAdmissionPolicy>(
  'admissionregistration.k8s.io/v1/mutatingadmissionpolicies',
  {
    cached: true,
    defaults({ spec }) {
      spec.failurePolicy ??= 'Fail';
      setMatchResourcesDefaults(spec.matchConstraints);
    },
    strategy: { validateCreate: validateMutatingPolicy, validateUpdate: validateMutatingPolicy },
    cells: (policy, now) => admissionPolicyCells(policy, policy.spec.mutations?.length ?? 0, now),
  },
);
