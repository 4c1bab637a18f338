import type { AdmissionRequest } from '../../contract.ts';

const POLICY_KINDS: ReadonlySet<string> = new Set([
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
]);

const REVIEW_GROUPS: ReadonlySet<string> = new Set(['authentication.k8s.io', 'authorization.k8s.io']);

/**
 * Policies never apply to policies, which could not be repaired any more, nor to the questions of authentication and
 * authorization. Upstream: policy/generic/plugin.go, kubeapiserver/admission/exclusion.
 */
export const isExempt = ({ kind }: AdmissionRequest): boolean =>
  (kind.group === 'admissionregistration.k8s.io' && POLICY_KINDS.has(kind.resource)) ||
  (!kind.stored && REVIEW_GROUPS.has(kind.group));
