/** Groups of the Kubernetes community need an approval. Upstream: apihelpers, validateAPIApproval. */
import type { FieldError } from '../../../machinery/status.ts';
import { invalidError, requiredError } from '../../../machinery/validation/index.ts';
import type { CustomResourceDefinition } from '../../generated/types/apiextensions-v1.ts';

const ANNOTATION = 'api-approved.kubernetes.io';
const GROUPS = /(^|\.)(k8s\.io|kubernetes\.io)$/;
const HELP = 'see https://github.com/kubernetes/enhancements/pull/1111';

export interface Approval {
  state: 'missing' | 'bypassed' | 'approved' | 'invalid';
  reason: string;
}

/** What the annotations of a definition say of its approval; undefined for groups that need none. */
export function approvalOf({ metadata, spec }: CustomResourceDefinition): Approval | undefined {
  if (!GROUPS.test(spec.group)) return undefined;
  const text = metadata.annotations?.[ANNOTATION] ?? '';
  const needed = `protected groups must have approval annotation ${JSON.stringify(ANNOTATION)}`;
  if (text === '') return { state: 'missing', reason: `${needed}, ${HELP}` };
  if (text.startsWith('unapproved')) return { state: 'bypassed', reason: `not approved: ${JSON.stringify(text)}` };
  // A scheme and a host make a URL, as far as this rule goes.
  if (/^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/?#\s]+/.test(text)) return { state: 'approved', reason: `approved in ${text}` };
  return { state: 'invalid', reason: `${needed} with either a URL or a reason starting with "unapproved", ${HELP}` };
}

/** An approval is asked for when a definition is made, and when its state changes. */
export function approvalErrors(definition: CustomResourceDefinition, old?: CustomResourceDefinition): FieldError[] {
  const approval = approvalOf(definition);
  if (approval === undefined) return [];
  if (old !== undefined && stateOf(old) === approval.state) return [];
  const field = `metadata.annotations[${ANNOTATION}]`;
  if (approval.state === 'missing') return [requiredError(field, approval.reason)];
  return approval.state === 'invalid'
    ? [invalidError(field, definition.metadata.annotations?.[ANNOTATION], approval.reason)]
    : [];
}

/** The state of the stored definition, whatever its group. */
const stateOf = (old: CustomResourceDefinition): Approval['state'] | undefined =>
  approvalOf({ ...old, spec: { ...old.spec, group: 'k8s.io' } })?.state;
