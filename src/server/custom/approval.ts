/** Groups of the Kubernetes community need an approval. Upstream: apihelpers.GetAPIApprovalState. */
import type { CustomResourceDefinition, DefinitionCondition } from '../../kinds/index.ts';

const ANNOTATION = 'api-approved.kubernetes.io';
const GROUPS = /(^|\.)(k8s\.io|kubernetes\.io)$/;

/** The condition of definitions in protected groups; undefined for all others. */
export function approvalCondition({ metadata, spec }: CustomResourceDefinition): DefinitionCondition | undefined {
  if (!GROUPS.test(spec.group)) return undefined;
  const type = 'KubernetesAPIApprovalPolicyConformant';
  const value = metadata.annotations?.[ANNOTATION] ?? '';
  if (value === '') {
    const message =
      'protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111';
    return { type, status: 'False', reason: 'MissingAnnotation', message };
  }
  if (value.startsWith('unapproved'))
    return { type, status: 'False', reason: 'UnapprovedAnnotation', message: `not approved: ${JSON.stringify(value)}` };
  if (isAbsoluteUrl(value))
    return { type, status: 'True', reason: 'ApprovedAnnotation', message: `approved in ${value}` };
  const message = `protected groups must have approval annotation "api-approved.kubernetes.io" with either a URL or a reason starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111`;
  return { type, status: 'False', reason: 'InvalidAnnotation', message };
}

function isAbsoluteUrl(text: string): boolean {
  try {
    const { host } = new URL(text);
    return host !== '';
  } catch {
    return false;
  }
}
