/** Holds requests to the validating policies of the cluster. Upstream: apiserver/pkg/admission/plugin/policy/validating. */
import type { AdmissionPlugin } from '../../contract.ts';
import { isExempt, validateByPolicies } from '../policy/index.ts';

export const validatingAdmissionPolicy: AdmissionPlugin = {
  name: 'ValidatingAdmissionPolicy',
  handles: (request) => !isExempt(request),
  validate: validateByPolicies,
};
