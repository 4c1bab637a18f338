/** Changes requests as the mutating policies of the cluster say. Upstream: apiserver/pkg/admission/plugin/policy/mutating. */
import type { AdmissionPlugin } from '../../contract.ts';
import { isExempt, mutateByPolicies } from '../policy/index.ts';

export const mutatingAdmissionPolicy: AdmissionPlugin = {
  name: 'MutatingAdmissionPolicy',
  handles: (request) => request.operation !== 'DELETE' && !isExempt(request),
  admit: mutateByPolicies,
};
